"""Sends what waits, in order, one process a relay.

Before listens are sent it is noted that they are, and after an answer what became of them. An attempt without a clear
answer, because the network failed or the process was killed, is followed by the question which of them the other side
has, so that none is lost and none is sent twice where it can answer that.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from tonearm.errors import UsageError
from tonearm.home.secrets import secret
from tonearm.relay.deciding import Answer, forwarded, next_batch, wait_s
from tonearm.relay.lastfm import LastFm
from tonearm.relay.listenbrainz import ListenBrainz
from tonearm.relay.upstream import ClientFactory, Clock, Link, Listen, Upstream, new_client
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store import relays as queues
from tonearm.store.relays import Queued, Relay, secret_name

_T = TypeVar("_T")

MOST_REQUESTS = 50
"""Requests to one relay in one pass, so that it does not keep the others waiting."""
PATIENCE = 12
"""Failures in a row, over some three hours, after which listens are sent although the other side could not be asked
which of them it has: it may never answer that, and recognises most repeats itself."""
_ADVICE = {
    "listenbrainz": "copy the token anew from its settings",
    "tonearm": "make a token with the scope submit there",
    "lastfm": "allow tonearm there again",
}


@dataclass(frozen=True)
class RelayReport:
    """What a pass over the relays did."""

    sent: int = 0
    refused: int = 0
    problems: Mapping[int, str] = field(default_factory=dict)
    """Why a relay came to a stop, by its number."""

    def __add__(self, other: RelayReport) -> RelayReport:
        """Both together."""
        problems = {**self.problems, **other.problems}
        return RelayReport(self.sent + other.sent, self.refused + other.refused, problems)


def run_due(
    settings: Settings,
    store: Store,
    now: datetime,
    client_factory: ClientFactory = new_client,
    jitter: Callable[[], float] = random.random,
) -> RelayReport:
    """Forward what waits for every relay that is due at ``now``; raises only what the store raises.

    A relay that another process is sending for is left to it.
    """
    started = time.monotonic()
    senders = {
        relay.number: _Sender(
            settings, store, relay, lambda: now + timedelta(seconds=time.monotonic() - started), client_factory, jitter
        )
        for relay in queues.relays(store)
        if relay.is_due(now)
    }
    report = RelayReport()
    for number, sender in senders.items():
        if queues.queue(store, number, 1):
            report += sender.run()
    for number, body in queues.take_playing(store, now):
        if number in senders and number not in report.problems:
            senders[number].report_playing(body)
    return report


def upstream(kind: str, link: Link) -> Upstream:
    """The service of that kind at the other end of ``link``; raises UsageError for a secret that cannot be one."""
    return LastFm(link) if kind == "lastfm" else ListenBrainz(link)


@dataclass
class _Sender:
    """One pass over one relay's queue."""

    settings: Settings
    store: Store
    relay: Relay
    clock: Clock
    client_factory: ClientFactory
    jitter: Callable[[], float]
    failures: int = 0

    def run(self) -> RelayReport:
        """Forward what waits, unless another process does."""
        if not queues.lease(self.store, self.relay.number, self.clock()):
            return RelayReport()
        self.failures = self.relay.failures
        try:
            with self._connected() as to:
                return self._forward(to) if to else self._stop(Answer("paused", "its token is not in this home"))
        finally:
            queues.release(self.store, self.relay.number)

    def report_playing(self, body: str) -> None:
        """Report what is being heard, once: it is soon over, so that a failure is of no consequence."""
        listen = forwarded(body, self._home())
        with self._connected() as to:
            if to and listen:
                _understood(lambda: to.playing(listen))

    @contextmanager
    def _connected(self) -> Iterator[Upstream | None]:
        """The other side; None without a token for it."""
        token = secret(self.settings, secret_name(self.relay.number))
        if token is None:
            yield None
            return
        with self.client_factory() as http:
            yield upstream(self.relay.kind, Link(self.relay.url, token, http, self.clock))

    def _home(self) -> str:
        with self.store.session(writes=True) as session:
            return queues.home_id(session)

    def _forward(self, to: Upstream) -> RelayReport:
        """Send batch by batch until nothing waits, the other side wants a rest, or it is another relay's turn."""
        report, size, home = RelayReport(), to.most, self._home()
        for _ in range(MOST_REQUESTS):
            batch = next_batch(queues.queue(self.store, self.relay.number, size), size, to.most_bytes)
            if not batch:
                break
            answer = self._deliver(to, batch, [forwarded(one.body, home) for one in batch])
            if answer is None:
                break
            report += self._noted(batch, answer)
            if answer.outcome in ("later", "paused") or answer.wait_s is not None:
                return report + self._stop(answer)
            size = max(1, len(batch) // 2) if answer.outcome == "bad" else min(2 * size, to.most)
        return report

    def _deliver(self, to: Upstream, batch: Sequence[Queued], prepared: Sequence[Listen | None]) -> Answer | None:
        """What became of a batch: of those whose outcome is unclear, which the other side has; the others are sent.

        None if the relay was paused or removed meanwhile.
        """
        listens = [one for one in prepared if one is not None]
        if len(listens) < len(batch):
            unreadable = {i: "it cannot be read" for i, one in enumerate(prepared) if one is None}
            return Answer("sent", refused=unreadable, left=frozenset(range(len(batch))), is_clear=False)
        numbers = [one.number for one in batch]
        if batch[0].attempts:
            answer = self._asked(to, numbers, listens)
            if answer.outcome != "bad" and (answer.outcome != "later" or self.failures < PATIENCE):
                return answer
        if not queues.start_sending(self.store, self.relay.number, numbers, self.clock()):
            return None
        return _understood(lambda: to.send(listens))

    def _asked(self, to: Upstream, numbers: Sequence[int], listens: Sequence[Listen]) -> Answer:
        """Which of the listens whose outcome is unclear the other side has."""
        found = _understood(lambda: to.has(self.relay.account, listens))
        if isinstance(found, Answer):
            return replace(found, is_clear=False)
        absent = frozenset(range(len(numbers))) - found
        queues.not_there(self.store, [numbers[i] for i in absent])
        return Answer("sent", left=absent, is_clear=False)

    def _noted(self, batch: Sequence[Queued], answer: Answer) -> RelayReport:
        """Keep what became of the batch."""
        numbers = [one.number for one in batch]
        refused = {numbers[i]: reason for i, reason in answer.refused.items()}
        if answer.outcome == "bad" and len(batch) == 1:
            refused = {numbers[0]: answer.reason or "refused"}
        kept = set(range(len(batch))) if answer.outcome != "sent" else answer.left
        waits = [numbers[i] for i in kept if numbers[i] not in refused]
        if answer.is_clear and waits:
            queues.not_received(self.store, waits)
        sent = [] if answer.outcome != "sent" else [n for n in numbers if n not in refused and n not in set(waits)]
        if sent or refused:
            queues.settle(self.store, self.relay.number, sent, refused)
        if answer.outcome in ("sent", "bad") and (self.failures or self.relay.problem):
            self.failures = 0
            queues.put_off(self.store, self.relay.number, None, 0, None)
        return RelayReport(len(sent), len(refused))

    def _stop(self, answer: Answer) -> RelayReport:
        """Leave the relay alone until its owner has acted, or for as long as is due."""
        number, now = self.relay.number, self.clock()
        if answer.outcome == "paused":
            advice = _ADVICE[self.relay.kind]
            problem = f"{answer.reason}; {advice}, then `tonearm relay resume {number} --new-token`"
            queues.pause_relay(self.store, number, now, problem)
            return RelayReport(problems={number: problem})
        failures = self.failures + 1 if answer.outcome == "later" else 0
        seconds = max(answer.wait_s or 0.0, wait_s(failures, self.jitter()) if failures else 0.0)
        queues.put_off(self.store, number, now + timedelta(seconds=seconds), failures, answer.reason)
        return RelayReport(problems={number: answer.reason} if answer.reason else {})


def _understood(ask: Callable[[], _T]) -> _T | Answer:
    """What ``ask`` returns; where the other side answered in a form that is not its protocol's, an Answer."""
    try:
        return ask()
    except (ValueError, KeyError, TypeError, AttributeError):
        return Answer("later", "its answer cannot be understood", is_clear=False)


def check_account(kind: str, url: str, token: str, client_factory: ClientFactory, clock: Clock) -> str:
    """Name of the listener to whom ``token`` belongs there; raises UsageError for one that opens nothing."""
    if not token.strip():
        raise UsageError("no token was given")
    with client_factory() as http:
        return upstream(kind, Link(url, token.strip(), http, clock)).account()
