"""One module for each kind of fault of meaning: the rule over the whole kind, and the example it was found by."""
