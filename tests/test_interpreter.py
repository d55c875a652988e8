"""Tests of what a long job asks of the interpreter: all is as it was afterwards, even where the job fails."""

from __future__ import annotations

import gc
import sys

import pytest

from detector.machine.interpreter import with_quick_turns, without_collection


def test_turns_are_quick_inside_and_as_before_afterwards() -> None:
    before = sys.getswitchinterval()
    with pytest.raises(RuntimeError, match="inside"), with_quick_turns():
        assert sys.getswitchinterval() < before
        with with_quick_turns():
            pass
        assert sys.getswitchinterval() < before
        raise RuntimeError("inside")
    assert sys.getswitchinterval() == before


def test_collection_is_off_inside_and_as_before_afterwards() -> None:
    assert gc.isenabled()
    with pytest.raises(RuntimeError, match="inside"), without_collection():
        assert not gc.isenabled()
        raise RuntimeError("inside")
    assert gc.isenabled()
