"""Requests to stop, heard through a file."""

import signal

import pytest

from attnbench.launch import Stop, stop_listening


def test_requests_keep_their_order_until_they_are_cleared(stop: Stop) -> None:
    assert stop.requests() == []
    stop.request("SIGTERM")
    stop.request("SIGINT")
    assert stop.requests() == ["SIGTERM", "SIGINT"]
    stop.clear()
    assert stop.requests() == []


def test_signals_are_requests_and_interrupt_nothing(stop: Stop) -> None:
    stop.listen()
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    assert stop.requests() == ["SIGINT", "SIGTERM"]
    stop_listening()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_signal_that_is_ignored_stays_ignored(stop: Stop) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop.listen()
    signal.raise_signal(signal.SIGHUP)
    stop_listening()
    assert stop.requests() == []
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
