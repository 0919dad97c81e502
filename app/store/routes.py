"""All endpoints of the store as one router."""

from fastapi import APIRouter

from app.store.article_routes import articles_api
from app.store.queue_routes import queue_api
from app.store.review_routes import reviews_api

store_api = APIRouter()
# Before the reviews, whose ids would otherwise catch the fixed names.
store_api.include_router(queue_api)
store_api.include_router(reviews_api)
store_api.include_router(articles_api)
