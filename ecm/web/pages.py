"""Where the pages of the staff hang. Each subject's pages are in the module of its name."""

from aiohttp import web

from ecm.web import (
    candidates,
    check_ins,
    enrol,
    import_history,
    imports,
    reconciliation,
    rendering,
    sign_in,
    today,
    visit,
    visit_forms,
)
from ecm.web.problem_pages import show_problems
from ecm.web.session import page
from ecm.words.roles import MANAGERS, OFFICE, OPERATORS, READERS


def add_pages(app: web.Application) -> None:
    """Add the pages to the application, before it starts."""
    rendering.set_up(app)
    app.middlewares.insert(0, show_problems)
    app.router.add_get("/static/{name}", rendering.serve_static)
    app.router.add_get("/sign-in", sign_in.get_sign_in)
    app.router.add_post("/sign-in", sign_in.post_sign_in)
    app.router.add_post("/sign-out", sign_in.post_sign_out)
    app.router.add_get("/", page(READERS | OPERATORS, today.get_today))
    app.router.add_get("/visits/{visit}", page(READERS, visit.get_visit))
    app.router.add_post("/visits/{visit}/amendments", page(OFFICE, visit_forms.post_amendment))
    app.router.add_post("/visits/{visit}/amendments/{amendment}/withdrawal", page(OFFICE, visit_forms.post_withdrawal))
    app.router.add_post("/visits/{visit}/planned-in-error", page(OFFICE, visit_forms.post_planned_in_error))
    app.router.add_post("/visits/{visit}/acknowledgements", page(OFFICE, visit_forms.post_acknowledgement))
    app.router.add_get("/candidates", page(OFFICE, candidates.get_candidates))
    app.router.add_post("/candidates/{candidate}/dismissal", page(MANAGERS, candidates.post_dismissal))
    app.router.add_get("/calls-without-a-home", page(OFFICE, check_ins.get_homeless))
    app.router.add_post("/calls-without-a-home/{device}/{check_in}", page(OFFICE, check_ins.post_home))
    app.router.add_get("/not-accepted", page(OFFICE, check_ins.get_not_accepted))
    app.router.add_get("/imports", page(OFFICE | OPERATORS, imports.get_imports))
    app.router.add_post("/imports", page(OFFICE | OPERATORS, imports.post_import))
    app.router.add_get("/imports/history", page(OFFICE, import_history.get_history))
    app.router.add_post("/imports/{import}/undoing", page(OFFICE, import_history.post_undoing))
    app.router.add_get("/reconciliation", page(READERS, reconciliation.get_reconciliation))
    app.router.add_get("/enrol", page(OFFICE, enrol.get_enrol))
    app.router.add_post("/enrol", page(OFFICE, enrol.post_enrol))
    app.router.add_post("/enrol/{device}/revocation", page(OFFICE, enrol.post_revocation))
