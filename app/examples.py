"""An Arabic request and its answer for the OpenAPI page. The text is made up."""

from typing import Any

ARTICLE = (
    "أعلنت وزارة الداخلية توقيف ثلاثة أشخاص كانوا يعتزمون السفر للالتحاق بتنظيم داعش، بعد رصد اتصالاتهم.\n"
    "وأوضح باحث أن التنظيم يستدرج الشبان عبر تطبيقات الدردشة والألعاب الإلكترونية.\n"
    "اقرأ أيضا: أسعار الخضار في الأسواق"
)

CLASSIFY_REQUEST: dict[str, Any] = {
    "article": {"summary": "مقال من ثلاث فقرات", "value": {"text": ARTICLE}},
    "evidence": {"summary": "مع الكلمات الدالة", "value": {"text": ARTICLE, "explain": True, "segment": "paragraph"}},
}

BATCH_REQUEST: dict[str, Any] = {
    "documents": {
        "summary": "وثيقتان",
        "value": {
            "documents": [
                {"id": "a1", "text": "حذفت الشركة آلاف الحسابات التي كانت تنشر مواد التنظيم."},
                {"id": "a2", "text": "افتتح معرض الكتاب أبوابه للزوار مساء أمس."},
            ]
        },
    }
}
