"""Reading what models write: reasoning, answers, abstentions, numbers; and the wording both sides share."""
