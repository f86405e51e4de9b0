// domain/messages/text.h: the text of a message and its entities, checked and put in order.
//
// Offsets and lengths of entities count UTF-16 code units. White space at both ends goes, entities move along and are
// cut to what is left; empty ones go; the rest is sorted by offset, longer first.
//
// Errors:  400 MESSAGE_EMPTY, MESSAGE_TOO_LONG (4096 code points), ENTITIES_TOO_LONG (100), ENTITY_BOUNDS_INVALID
//          (outside the text, or inside a character).
// Source:  https://core.telegram.org/api/entities
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "tl/types/api/MessageEntity.h"

namespace helio::domain {

inline constexpr std::size_t kMessageLengthMax = 4096;
inline constexpr std::size_t kEntitiesMax = 100;

struct StyledText {
  std::string text;
  std::vector<tl::Box<tl::TypeMessageEntity>> entities;
};

// `text` is valid UTF-8 (the decoder saw to it). inputMessageEntityMentionName has become messageEntityMentionName, or
// is gone: who may mention whom is the caller's to know.
Result<StyledText> clean_message(std::string text, std::vector<tl::Box<tl::TypeMessageEntity>> entities);

}  // namespace helio::domain
