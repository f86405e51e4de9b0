// net/http/field_text.h: the text of HTTP heads: pieces, blanks, lists. Foreign bytes.
#pragma once
#include "base/bytes.h"

namespace helio::net::http {

// What stands before `end`, which it takes away with it; all of `text` where there is no `end`.
View cut(View& text, View end);

View trimmed(View text);  // Without blanks (space, tab) around it.

bool equal_in_any_case(View a, View b);  // Of ASCII letters.

// Whether `token` stands between the commas of `list`, in any case.
bool has_token(View list, View token);

}  // namespace helio::net::http
