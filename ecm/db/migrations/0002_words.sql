-- One word a thing: a branch is a provider's registered place of business and a location only where a phone was, what
-- intake remembers is reference data, and a carer is at home for a stay.
--
-- This renames in place: stop the version before, then start this one. No release has gone out that would need the
-- expand and contract pair.

ALTER TABLE locations RENAME TO branches;
ALTER TABLE branches RENAME COLUMN location_id TO branch_id;
ALTER TABLE branches RENAME CONSTRAINT locations_pkey TO branches_pkey;
ALTER TABLE branches RENAME CONSTRAINT locations_provider_id_fkey TO branches_provider_id_fkey;
ALTER TABLE carers RENAME COLUMN location_id TO branch_id;
ALTER TABLE carers RENAME CONSTRAINT carers_location_known TO carers_branch_known;
ALTER TABLE clients RENAME COLUMN location_id TO branch_id;
ALTER TABLE clients RENAME CONSTRAINT clients_location_known TO clients_branch_known;
ALTER TABLE alerts RENAME COLUMN location_id TO branch_id;
ALTER TABLE alerts RENAME CONSTRAINT alerts_location_known TO alerts_branch_known;
ALTER INDEX alerts_by_location RENAME TO alerts_by_branch;
ALTER TABLE candidates RENAME COLUMN location_id TO branch_id;

ALTER TABLE directory_versions RENAME TO reference_versions;
ALTER TABLE reference_versions RENAME CONSTRAINT directory_versions_pkey TO reference_versions_pkey;

-- Member names are followed by a colon and texts inside the document hold no quotation mark, so this meets the member
-- only; as text, so that the next fold finds each document as it would write it.
UPDATE visits SET folded = replace(folded::text, ',"calls":[', ',"stays":[')::json;
