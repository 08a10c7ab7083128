from tools.population import population

from tonearm.gold.cognitive.listener_traits import TRAITS


def test_the_same_seed_simulates_the_same_listeners() -> None:
    made = population(3, seed=5, artists=300)
    assert made == population(3, seed=5, artists=300)
    traits = made["traits"]
    assert isinstance(traits, dict)
    assert set(traits) == set(TRAITS)
    assert all(len(values) == 3 and values == sorted(values) for values in traits.values())
