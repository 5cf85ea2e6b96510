"""How each phone behaves: most are a few seconds out; some are days out, hours without signal, or repeat themselves."""

from datetime import timedelta

from simulators.happenings import Habits
from simulators.roster import local
from simulators.seeds import chance
from simulators.world import World

_WRONG_CLOCKS = (timedelta(days=3, minutes=7), -timedelta(hours=2, minutes=13), timedelta(days=365))
BELIEVED = timedelta(seconds=120)


def habits_of(world: World, index: int) -> dict[str, Habits]:
    """The habits of every phone of a provider, by carer.

    In each provider one phone's clock is whole hours, days or a year out, one has no signal all morning, and one
    more loses it during breakfast; that of the carer who was there at night had none until the morning. Clocks that
    are far out are a whole number of minutes out, so that the service can find the true second again.
    """
    provider = world.providers[index]
    rostered = [carer.code for carer in provider.carers[:-2]]
    day = world.day
    night = local(day - timedelta(days=1), "06:00"), local(day, "05:30")
    special = {
        rostered[-1]: (_WRONG_CLOCKS[index % 3], ()),
        rostered[-2]: (timedelta(seconds=20), ((local(day, "06:40"), local(day, "12:45")),)),
        rostered[-3]: (-timedelta(seconds=35), ((local(day, "07:30"), local(day, "09:10")),)),
        provider.floating.code: (timedelta(seconds=5), (night,)),
    }
    habits = {}
    for carer in provider.carers:
        rng = chance(world.seed, "habits", carer.code)
        drift, offline = special.get(carer.code, (timedelta(seconds=rng.randint(-45, 45)), ()))
        habits[carer.code] = Habits(
            drift=drift,
            offline=offline,
            basis=rng.choice(("w3c", "android", "apple")),
            shuffles=rng.random() < 0.3 or bool(offline),
            singly=rng.random() < 0.4 and not offline,
            repeats=0.15,
        )
    return habits
