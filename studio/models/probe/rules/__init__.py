"""One file a family, or a few that are alike: each module's FAMILIES are tried (`rule.Family`)."""
