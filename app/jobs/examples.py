"""A training job, and what asks for one, for the OpenAPI page. The numbers are made up."""

from typing import Any

CSV: dict[str, Any] = {
    "rows": {
        "summary": "text and labels",
        "value": "text,labels\nحذفت الشركة آلاف الحسابات التي كانت تنشر مواد التنظيم.,online_countermeasures\n",
    }
}
FROM_REVIEWS: dict[str, Any] = {
    "reviews": {"summary": "beside the shipped rows", "value": {"from": "reviews", "with_shipped": True}}
}

JOB: dict[str, Any] = {
    "id": "5f0c2a9d1b7e4c38",
    "state": "succeeded",
    "source": "upload",
    "options": {"with_shipped": True, "topics_from_labels": False, "hold_out": 0.2},
    "caller": "local",
    "created": "2026-01-31T09:30:00.000000Z",
    "ended": "2026-01-31T09:32:10.000000Z",
    "result": {
        "format": 1,
        "version": "b5177193dd85",
        "cross_validation": {"rows": 6064, "micro_f1": 0.771, "macro_f1": 0.758, "topics": {}},
        "comparison": {
            "with": "0a1b2c3d4e5f",
            "by": "cross-validation",
            "same_rows": False,
            "promotable": True,
            "micro_f1": {"current": 0.768, "new": 0.771, "change": 0.003},
            "topics": {"attacks": {"current": 0.787, "new": 0.79, "change": 0.003}},
            "only_current": [],
            "only_new": [],
        },
        "held_out": {"rows": 100, "articles": 100, "verdict": "no difference that can be told", "fallen": []},
        "files": [
            {"name": "upload.csv", "encoding": "windows-1256", "rows": 502, "accepted": 500, "joined": 0, "refused": 2}
        ],
        "findings": {"count": 2, "by_code": {"unknown_topic": 2}, "first": []},
    },
}
JOB_ANSWER: dict[str, Any] = {"description": "The job", "content": {"application/json": {"example": JOB}}}
