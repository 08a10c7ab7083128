"""``/tokens``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from tonearm.api.auth import open_to
from tonearm.api.deps import StoreDep
from tonearm.store.tokens import LONGEST_LABEL, Scope, Token, create_token, revoke_token, tokens

router = APIRouter(tags=["tokens"])


class WantedToken(BaseModel):
    """What a token is to open, and for how long."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"listener": "Ada", "scopes": ["submit", "read"], "name": "phone", "days": 90}]}
    )

    listener: str = Field(max_length=64, description="Whose token it is.")
    scopes: list[Scope] = Field(min_length=1, max_length=3, description="What it may do; admin is everything.")
    name: str = Field(default="", max_length=LONGEST_LABEL, description="What it is for, such as the player.")
    days: float | None = Field(default=None, gt=0, le=36_500, description="For how long; without it, for ever.")


class MadeToken(BaseModel):
    """A token that was just made."""

    secret: str = Field(description="The token itself, which is in no other answer: only its hash is kept.")
    token: Token


@router.get("/tokens")
@open_to("admin")
def list_tokens(store: StoreDep) -> list[Token]:
    """The tokens, those that are revoked or expired too, oldest first; of each only how it begins."""
    return tokens(store)


@router.post("/tokens", status_code=201, response_model=MadeToken)
def post_token(store: StoreDep, new: WantedToken) -> JSONResponse:
    """Make a token. It is in this answer alone, which nothing on the way may keep."""
    secret, token = create_token(store, store.listener(new.listener).name, new.scopes, new.name, new.days)
    made = MadeToken(secret=secret, token=token)
    return JSONResponse(made.model_dump(mode="json"), status_code=201, headers={"Cache-Control": "no-store"})


@router.delete("/tokens/{number}")
def delete_token(
    store: StoreDep, number: Annotated[int, Path(ge=1, le=2**31 - 1, description="Number in the list.")]
) -> Token:
    """Have a token open nothing from now on; it stays in the list."""
    return revoke_token(store, number)
