"""The typed keys under which an application holds its parts."""

from typing import Final

from aiohttp import web

from ecm.phones.service import Phones
from ecm.accounts.service import Accounts
from ecm.alerts.service import Alerts
from ecm.audit.service import Audit
from ecm.care.service import Care
from ecm.words.clock import Clock
from ecm.db.pool import Database
from ecm.intake.service import Intake
from ecm.notifications.service import Notifications
from ecm.payments.hours_process import HoursProcess
from ecm.payments.service import Payments
from ecm.process.settings import Settings
from ecm.visits.metrics import BacklogMetrics
from ecm.visits.service import Visits

SETTINGS: Final = web.AppKey("settings", Settings)
CLOCK: Final = web.AppKey("clock", Clock)
DATABASE: Final = web.AppKey("database", Database)
ACCOUNTS: Final = web.AppKey("accounts", Accounts)
PHONES: Final = web.AppKey("phones", Phones)
CARE: Final = web.AppKey("care", Care)
INTAKE: Final = web.AppKey("intake", Intake)
PAYMENTS: Final = web.AppKey("payments", Payments)
HOURS_PROCESS: Final = web.AppKey("hours_process", HoursProcess)
ALERTS: Final = web.AppKey("alerts", Alerts)
AUDIT: Final = web.AppKey("audit", Audit)
VISITS: Final = web.AppKey("visits", Visits)
BACKLOG: Final = web.AppKey("backlog", BacklogMetrics)
NOTIFICATIONS: Final = web.AppKey("notifications", Notifications)
