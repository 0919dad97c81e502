"""The topics and passages that the tables of odd CSVs are made of."""

from app.tagger.types import Topic

TOPICS = (
    Topic("attacks", "الهجمات", "Attacks"),
    Topic("ideology", "الفكر والعقيدة", "Ideology"),
    Topic("foreign_fighters", "المقاتلون الأجانب", "Foreign fighters"),
)
MARKET = "وقع هجوم في السوق القديم من المدينة قبل يومين على ما قال شهود"
TALK = "تحدث الباحث عن الفكر الذي كان وراء ذلك في هذه البلاد بعد الحرب"
NEWS = "أعلنت الوزارة موعد الامتحانات في كل المدارس مع بداية الصيف"
