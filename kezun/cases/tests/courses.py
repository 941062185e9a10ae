"""The way of every kind that is shipped (complaints have their own tests), step by step, by who does it."""

from __future__ import annotations

from django.utils import timezone

from kezun.cases import actions
from kezun.cases.models import Petition
from kezun.standards.tests.world import photo

STAFF = [{"role": "team", "person": "teller.O1"}, {"role": "team", "person": "lobby_manager.O1"}]
CUSTOMER = {"role": "customer", "name": "王女士", "phone": "13800001111"}


def finding(**more) -> dict:
    """What a correction is opened with."""
    return {
        **{
            "title": "叫号屏损坏",
            "source": "inspection",
            "requirement": "三日内修复叫号屏",
            "urgency": "term",
            "complexity": "minor",
        },
        **{"days": 3, "responsible": "outlet_manager.O1", "department": "厅堂", **more},
    }


def remedy(**more) -> dict:
    """What a correction is proposed with."""
    return {
        **{"result": "已更换叫号屏", "cause_code": "machine", "cause": "叫号屏超期服役,没有更换计划"},
        **{"whys": "屏幕老化\n没有更换计划", "controllable": "on", "prevention": "列入年度更换计划", **more},
    }


def reclassed(asker, decider, case, at=None, **asked):
    """The case as it is once somebody asked for another grade or classification and another granted it."""
    asked = {"type": "grade", "reason": "已核实", **asked}
    case = actions.do(asker, case, "ask", asked, at=at)
    waiting = Petition.objects.get(case=case, type="grade", decision="")
    return actions.do(decider, case, "grant", {"petition": waiting.pk}, at=at)


def now() -> str:
    return timezone.now().isoformat()


# kind → (who opens it, about which unit, with what, the steps)
COURSES = {
    "correction": (
        *("office", "O1", finding(owner="O1")),
        [
            ("manager", "take", {}),
            ("manager", "propose", remedy()),
            ("supervisor", "verify", {"looked": "on_site"}),
            ("manager", "close", {}),
        ],
    ),
    "request": (
        *("manager", "O1"),
        {"title": "点钞机不足", "topic": "equipment", "urgency": "hard", "problem": "高峰排队"},
        [
            ("sub", "take", {}),
            (
                *("sub", "propose"),
                {
                    "result": "到网点看过,已调拨两台",
                    "manner": "on_site",
                    "leader": "unit_head.S1",
                    "on_site_date": "2026-01-05",
                },
            ),
            ("supervisor", "verify", {}),
            ("sub", "answer", {"how": "visit", "reply": "两台点钞机已送到"}),
            ("manager", "rate", {"satisfaction": 5}),
            ("sub", "close", {}),
        ],
    ),
    "suggestion": (
        *("teller", "O1"),
        {"title": "自助区加老花镜", "source": "staff", "topic": "care", "proposal": "自助区放老花镜"},
        [
            ("manager", "take", {}),
            ("manager", "propose", {"result": "本网点先放三副", "adoption": "adopt", "reasons": "费用低"}),
            ("supervisor", "verify", {}),
            ("manager", "answer", {"how": "message", "reward_amount": "200.00"}),
            ("manager", "close", {"spread": "bank"}),
        ],
    ),
    "praise": (
        *("lobby", "O1"),
        {
            "title": "锦旗",
            "source": "pennant",
            "praised": "teller.O1",
            "deed": "帮走失老人联系家人",
            "parties": [CUSTOMER],
        },
        [
            ("lobby", "propose", {"result": "属实"}),
            ("manager", "verify", {"proved": "called"}),
            ("lobby", "close", {"honour": "points"}),
        ],
    ),
    "follow_up": (
        *("lobby", "O1"),
        {"title": "理财到期回访", "occasion": "business", "parties": [CUSTOMER]},
        [
            (
                "lobby",
                "propose",
                {"result": "满意", "channel": "phone", "reached": "yes", "score": 5, "trouble": "off"},
            ),
            ("manager", "verify", {}),
            ("lobby", "close", {}),
        ],
    ),
    "visit": (
        *("lobby", "O1"),
        {
            "title": "上门激活社保卡",
            "why_home": "ill",
            "business": "社保卡激活",
            "place": "人民路1号",
            "parties": [CUSTOMER],
        },
        [
            ("manager", "accept", {"true_need": "on", "told_papers": "on"}),
            ("lobby", "take", {}),
            ("lobby", "party", {"parties": STAFF}),
            ("lobby", "attach", {"stage": "work", "files": ["photo"]}),
            (
                *("lobby", "propose"),
                {
                    "result": "已激活",
                    "two_staff": "on",
                    "own_will": "on",
                    "papers_checked": "on",
                    "visited_at": now,
                },
            ),
            ("manager", "verify", {}),
            ("lobby", "close", {}),
        ],
    ),
    "interception": (
        *("lobby", "O1"),
        {
            **{
                "title": "劝阻转账",
                "staff": "teller.O1",
                "happened_at": now,
                "scheme": "police",
                "amount": "90000",
            },
            **{"asked": "问:转给谁?答:公安。", "times": 3, "police": "bank", "parties": [CUSTOMER]},
        },
        [
            ("lobby", "attach", {"stage": "work", "files": ["photo"]}),
            ("lobby", "propose", {"result": "客户放弃转账", "outcome": "full", "saved": "90000"}),
            ("manager", "verify", {}),
            ("lobby", "close", {"thanks": "锦旗"}),
        ],
    ),
    "improvement": (
        *("manager", "O1"),
        {
            **{"title": "缩短等候", "problem": "均等20分钟", "goal": "降到10分钟", "target": "10分钟"},
            **{
                "leader": "outlet_manager.O1",
                "evaluation": "月均等候",
                "milestones": "2026-03-31 试点\n2026-06-30 推广",
            },
        },
        [
            ("manager", "accept", {"baseline": "20分钟"}),
            ("lobby", "take", {}),
            ("lobby", "propose", {"result": "完成", "done": "弹性窗口"}),
            ("manager", "verify", {"reached": "yes", "reached_value": "9分钟"}),
            ("lobby", "close", {"standardised": "写入排班规则"}),
            ("supervisor", "check", {"verdict": "effective"}),
        ],
    ),
    "self_check": (
        *("office", "O1"),
        {"title": "举一反三:叫号屏", "question": "叫号屏是否完好", "origin": "C26-000001", "owner": "O1"},
        [
            ("manager", "take", {}),
            ("manager", "propose", {"result": "完好", "found": "conforming"}),
            ("sub", "verify", {}),
            ("manager", "close", {}),
        ],
    ),
}


def fitted(values: dict) -> dict:
    """Moments and photos that are made when the step is done."""
    made = {key: value() if callable(value) else value for key, value in values.items()}
    if made.get("files") == ["photo"]:
        made["files"] = [photo(7)]
    return made
