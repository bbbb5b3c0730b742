"""auth.*, api.*, apps.*, users.*, usergroups.*, bots.*, team.*: who is here, and who is asking."""

from bot.workspace import shapes
from bot.workspace.api.call import ApiError, Call, Shape
from bot.workspace.api.paging import page
from bot.workspace.records import User
from bot.workspace.seed import APP_ID


def api_test(call: Call) -> Shape:
    """api.test: returns its arguments, or the error asked for."""
    if call.text("error"):
        raise ApiError(call.text("error"), args=dict(call.args))
    return {"args": dict(call.args)}


def auth_test(call: Call) -> Shape:
    """auth.test"""
    return {
        "url": call.hub.base_url + "/",
        "team": call.workspace.name,
        "user": call.bot.name,
        "team_id": call.workspace.team_id,
        "user_id": call.bot.id,
        "bot_id": call.bot.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(call: Call) -> Shape:
    """apps.connections.open"""
    if call.hub.installation.mode != "socket":
        raise ApiError("socket_mode_not_enabled")
    address = call.hub.base_url.replace("http", "ws", 1)
    return {"url": f"{address}/link?ticket={call.hub.socket_mode.ticket()}&app_id={APP_ID}"}


def team_info(call: Call) -> Shape:
    """team.info"""
    team = {"id": call.workspace.team_id, "name": call.workspace.name, "domain": "local"}
    return {"team": {**team, "email_domain": "", "icon": {"image_default": True}}}


def bot_info(call: Call) -> Shape:
    """bots.info"""
    bot = next((u for u in call.workspace.users.values() if u.bot_id == call.needed("bot")), None)
    if bot is None:
        raise ApiError("bot_not_found")
    return {
        "bot": {
            "id": bot.bot_id,
            "deleted": False,
            "name": bot.real_name,
            "app_id": APP_ID,
            "user_id": bot.id,
        }
    }


def user_info(call: Call) -> Shape:
    """users.info"""
    person = call.workspace.users.get(call.needed("user"))
    if person is None:
        raise ApiError("user_not_found")
    return {"user": _shape(call, person)}


def users(call: Call) -> Shape:
    """users.list"""
    cut, metadata = page(call, list(call.workspace.users.values()), default=200, most=1000)
    return {
        "members": [_shape(call, person) for person in cut],
        "cache_ts": int(call.workspace.clock.now()),
        "response_metadata": metadata,
    }


def user_by_email(call: Call) -> Shape:
    """users.lookupByEmail: a deactivated account is not found."""
    email = call.needed("email").lower()
    for person in call.workspace.users.values():
        if person.email and person.email.lower() == email and not person.deleted:
            return {"user": _shape(call, person)}
    raise ApiError("users_not_found")


def user_conversations(call: Call) -> Shape:
    """users.conversations"""
    who = call.text("user", call.bot.id)
    kinds = call.ids("types") or ["public_channel"]
    mine = [
        channel
        for channel in call.workspace.channels_of(who)
        if ("im" if channel.is_im else "public_channel") in kinds
        and not (call.flag("exclude_archived") and channel.archived)
    ]
    cut, metadata = page(call, mine, default=100, most=999)
    return {
        "channels": [shapes.channel(call.workspace, channel, who) for channel in cut],
        "response_metadata": metadata,
    }


def user_groups(call: Call) -> Shape:
    """usergroups.list"""
    groups = [shapes.user_group(call.workspace, group) for group in call.workspace.groups.values()]
    if not call.flag("include_users"):
        for group in groups:
            del group["users"]
    return {"usergroups": groups}


def user_group_users(call: Call) -> Shape:
    """usergroups.users.list"""
    group = call.workspace.groups.get(call.needed("usergroup"))
    if group is None:
        raise ApiError("no_such_subteam")
    return {"users": shapes.group_members(call.workspace, group)}


def _shape(call: Call, person: User) -> Shape:
    shape = shapes.user(call.workspace, person)
    if not call.hub.installation.manifest.allows("users:read.email"):
        shape["profile"].pop("email")
    return shape
