"""Every bad input: what a person reads, and that the last good state stays."""

import pandas as pd
import pytest

from hansol_assets.errors import UserError
from hansol_assets_tests.bad_input.lakes import bad_lakes
from hansol_assets_tests.bad_input.models import bad_models
from hansol_assets_tests.bad_input.place import BadInput, Place
from hansol_assets_tests.bad_input.profiles import bad_profiles
from hansol_assets_tests.bad_input.tables import bad_tables

INPUTS = [*bad_tables(), *bad_profiles(), *bad_lakes(), *bad_models()]


def test_there_are_enough_and_none_stands_twice() -> None:
    names = [bad.name for bad in INPUTS]
    assert len(set(names)) == len(names) >= 60


@pytest.mark.parametrize("bad", INPUTS, ids=lambda bad: bad.name)
def test_bad_input_is_an_error_for_people(place: Place, bad: BadInput) -> None:
    good = place.lake.live("raw_qa")
    before = place.lake.table(good)
    with pytest.raises((UserError, ValueError)) as raised:
        bad.give(place)
    message = str(raised.value)
    for part in bad.says:
        assert part in message, message
    assert "Traceback" not in message
    lake = place.lake
    assert lake.live("raw_qa").fingerprint == good.fingerprint
    pd.testing.assert_frame_equal(lake.table(lake.live("raw_qa")), before)
