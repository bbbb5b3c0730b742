"""Writes off_policy.json: what obp says of small logs and of the Open Bandit sample.

Run with obp 0.5.5 (Apache-2.0, PyPI) and its dependencies in an environment of its own: python off_policy.py
DATA, where DATA holds random_men.csv.gz and bts_men.csv.gz and gets bernoulli_ts_men.csv. The target policy
is once counted from the other policy's log, by position, and once obp's own BernoulliTS with ZOZOTOWN's
priors, 100,000 draws, random_state 12345.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from obp.ope.estimators import (
    DirectMethod,
    DoublyRobust,
    InverseProbabilityWeighting,
    SelfNormalizedInverseProbabilityWeighting,
)
from obp.policy.contextfree import BernoulliTS


def small() -> dict[str, object]:
    """A log of 400 rows over two cells and four actions, with a model of the reward; rounded, as kept."""
    rng = np.random.default_rng(20261123)
    n, actions = 400, 4
    cell = rng.integers(0, 2, n)
    logging = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]])
    target = np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]])
    truth = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.1, 0.3, 0.2]])
    model = np.array([[0.15, 0.25, 0.25, 0.35], [0.45, 0.2, 0.2, 0.2]])
    action = np.array([rng.choice(actions, p=logging[one]) for one in cell])
    reward = (rng.random(n) < truth[cell, action]).astype(float)
    found = estimates(reward, action, logging[cell, action], target[cell], model[cell], clip=2.0)
    return {
        "cell": cell.tolist(), "action": action.tolist(), "reward": reward.tolist(),
        "logging": logging.tolist(), "target": target.tolist(), "model": model.tolist(), "clip": 2.0, **found,
    }  # fmt: skip


def estimates(reward, action, propensity, target, model, *, clip=np.inf):
    """obp's estimates; `target` and `model` by row and action."""
    shape = (*target.shape, 1)
    common = {
        "reward": reward, "action": action, "position": np.zeros(len(reward), dtype=int),
        "action_dist": target.reshape(shape),
    }  # fmt: skip
    logged, modelled = {"pscore": propensity}, {"estimated_rewards_by_reg_model": model.reshape(shape)}
    value = {
        "ips": InverseProbabilityWeighting().estimate_policy_value(**common, **logged),
        "ips_clipped": InverseProbabilityWeighting(lambda_=clip).estimate_policy_value(**common, **logged),
        "snips": SelfNormalizedInverseProbabilityWeighting().estimate_policy_value(**common, **logged),
        "dm": DirectMethod().estimate_policy_value(
            action_dist=common["action_dist"], position=common["position"], **modelled
        ),
        "dr": DoublyRobust().estimate_policy_value(**common, **logged, **modelled),
        "dr_clipped": DoublyRobust(lambda_=clip).estimate_policy_value(**common, **logged, **modelled),
    }
    interval = InverseProbabilityWeighting().estimate_interval(
        **common, **logged, alpha=0.05, n_bootstrap_samples=10_000, random_state=12345
    )
    return {name: float(one) for name, one in value.items()} | {"ips_bootstrap": interval}


def open_bandit(folder: Path) -> dict[str, object]:
    """The uniform log of the men's campaign, evaluated for Bernoulli TS in two ways."""
    log, own = pd.read_csv(folder / "random_men.csv.gz"), pd.read_csv(folder / "bts_men.csv.gz")
    counted = np.zeros((4, 34))
    for position, rows in own.groupby("position"):
        counted[position] = np.bincount(rows.item_id, minlength=34) / len(rows)
    policy = BernoulliTS(
        n_actions=34, len_list=3, is_zozotown_prior=True, campaign="men", random_state=12345
    ).compute_batch_action_dist(n_rounds=1, n_sim=100_000)[0]
    lines = [f"{item},{at},{one}" for item, row in enumerate(policy) for at, one in enumerate(row, start=1)]
    header = "item_id,position,probability"
    (folder / "bernoulli_ts_men.csv").write_text("\n".join([header, *lines]) + "\n")
    means = log.groupby("item_id").click.mean().reindex(range(34)).to_numpy()
    model = np.tile(means, (len(log), 1))
    args = log.click.to_numpy(), log.item_id.to_numpy(), log.propensity_score.to_numpy()
    place = log.position.to_numpy()
    return {
        "counted": estimates(*args, counted[place], model),
        "thompson": estimates(*args, policy[:, place - 1].T, model),
        "own": float(own.click.mean()),
    }


if __name__ == "__main__":
    found = {"obp": "0.5.5", "small": small(), "open_bandit": open_bandit(Path(sys.argv[1]))}
    Path(__file__).with_suffix(".json").write_text(json.dumps(found) + "\n")
