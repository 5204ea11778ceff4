"""What can be wrong with a cluster, said to the person who can mend it."""

from collections.abc import Mapping, Sequence

from hansol_assets.errors import UserError

_KEPT = "Nothing was started and nothing is lost."


def user_error_in(error: BaseException | None) -> UserError | None:
    """Finds the error that is meant for a person within what Ray makes of it, if there is one."""
    seen: set[int] = set()
    while error is not None and not isinstance(error, UserError) and id(error) not in seen:
        seen.add(id(error))
        error = getattr(error, "cause", None) or error.__cause__
    return error if isinstance(error, UserError) else None


def last_line(trace: str) -> str:
    """The line of a trace that says what was raised at first."""
    first = trace.partition("The above exception was the direct cause")[0]
    return next((line for line in reversed(first.splitlines()) if line.strip()), "").strip()


class ClusterError(UserError):
    """The base of every error about a cluster."""


class NoRayError(ClusterError):
    """Ray is asked for, and not installed."""

    def __init__(self) -> None:
        """Names the extra."""
        super().__init__(
            "HANSOL_COMPUTE=ray needs Ray, which is not installed. "
            "Install it with: pip install 'hansol-assets[ray]', or leave HANSOL_COMPUTE out."
        )


class UnreachableClusterError(ClusterError):
    """No cluster answers, or it does not let this process in."""

    passes = True

    def __init__(self, address: str, reason: str) -> None:
        """Names the address."""
        super().__init__(
            f"the Ray cluster at RAY_ADDRESS={address} cannot be used: {reason}. {_KEPT} See with "
            "'ray status' on one of its machines whether it runs; without RAY_ADDRESS a cluster "
            "is started here."
        )


class SmallClusterError(ClusterError):
    """The cluster has less than the settings ask for."""

    def __init__(self, wanted: Mapping[str, float], there: Mapping[str, float]) -> None:
        """Names what is wanted and what is there."""
        lacking = ", ".join(
            f"{amount:g} {name} wanted, {there.get(name, 0):g} there"
            for name, amount in wanted.items()
        )
        super().__init__(
            f"the Ray cluster is too small: {lacking}. {_KEPT} Add nodes, or lower "
            "cluster.least_workers, cluster.training_workers, cluster.cpus_per_worker or "
            "cluster.gpus_per_worker."
        )


class UnlikeClusterError(ClusterError):
    """A node has other software than this machine, or does not see the lake."""

    def __init__(self, differences: Sequence[str]) -> None:
        """Lists what is different, and where."""
        listed = "\n  ".join(differences)
        super().__init__(
            f"the nodes of the Ray cluster are not as this machine is:\n  {listed}\n{_KEPT} "
            "Install requirements.lock on every node, and let all of them see the lake at the "
            "same path."
        )


class LostWorkError(ClusterError):
    """Processes were lost more often than the settings allow."""

    def __init__(self, name: str, reason: str) -> None:
        """Names the work and the last reason."""
        self.reason = reason
        super().__init__(
            f"{name} on the Ray cluster was given up: {reason}. What it had kept stays: run again, "
            "and it goes on from there. cluster.max_failures says how often it starts by itself."
        )
