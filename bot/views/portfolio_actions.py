"""What can be pressed about candidates and portfolios, and the fields of their forms."""

from enum import StrEnum


class PortfolioAction(StrEnum):
    """Action ids; the value is a candidate's id, or a quarter's name with what was seen of it."""

    EDIT = "portfolio.edit"
    PRE_MORTEM = "portfolio.pre_mortem"
    WAIVE = "portfolio.waive"
    DROP = "portfolio.drop"
    TAKE_UP = "portfolio.take_up"
    SCORE = "portfolio.score"
    PICK = "portfolio.pick"
    GUT = "portfolio.gut"
    LOCK = "portfolio.lock"
    LINK = "portfolio.link"
    EFFORTS = "portfolio.efforts"
    OUTCOME = "portfolio.outcome"
    REVIEW = "portfolio.review"
    SNOOZE = "portfolio.snooze"
    DISMISS = "portfolio.dismiss"
    TAKE_FILE = "portfolio.take_file"
    LEAVE_FILE = "portfolio.leave_file"


class PortfolioForm(StrEnum):
    """Names of the forms, which are their callback ids."""

    CANDIDATE = "portfolio.candidate"
    IMPORT = "portfolio.import"
    PRE_MORTEM = "portfolio.pre_mortem"
    WAIVE = "portfolio.waive"
    DROP = "portfolio.drop"
    GUT = "portfolio.gut"
    LOCK = "portfolio.lock"
    LINK = "portfolio.link"
    EFFORTS = "portfolio.efforts"
    OUTCOME = "portfolio.outcome"
