#include "domain/messages/text.h"

#include <algorithm>

#include "base/text.h"
#include "domain/users/blank.h"
#include "tl/errors.h"

namespace helio::domain {

namespace {

struct Span {
  std::int32_t* offset = nullptr;
  std::int32_t* length = nullptr;
};

template <class Entity>
bool span_if(tl::TypeMessageEntity& any, Span& span) {
  auto* entity = tl::as<Entity>(any);
  if (entity) span = {&entity->offset, &entity->length};
  return entity != nullptr;
}

template <class... Entities>
Span span_among(tl::TypeMessageEntity& any) {
  Span span;
  (span_if<Entities>(any, span) || ...);
  return span;
}

// Where an entity that a client may style with keeps its offset and length; nothing for any other kind.
Span span_of(tl::TypeMessageEntity& entity) {
  return span_among<tl::MessageEntityMention, tl::MessageEntityHashtag, tl::MessageEntityCashtag,
                    tl::MessageEntityBotCommand, tl::MessageEntityUrl, tl::MessageEntityEmail, tl::MessageEntityPhone,
                    tl::MessageEntityBankCard, tl::MessageEntityBold, tl::MessageEntityItalic,
                    tl::MessageEntityUnderline, tl::MessageEntityStrike, tl::MessageEntitySpoiler,
                    tl::MessageEntityCode, tl::MessageEntityPre, tl::MessageEntityBlockquote, tl::MessageEntityTextUrl,
                    tl::MessageEntityMentionName, tl::MessageEntityCustomEmoji>(entity);
}

// Whether a UTF-16 offset is between two characters, for every offset from 0 to the end.
std::vector<bool> boundaries(std::string_view text) {
  std::vector<bool> result;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = first_character(text.substr(at));
    result.push_back(true);
    if (character.code > 0xffff) result.push_back(false);
    at += character.size;
  }
  result.push_back(true);
  return result;
}

}  // namespace

Result<StyledText> clean_message(std::string text, std::vector<tl::Box<tl::TypeMessageEntity>> entities) {
  if (entities.size() > kEntitiesMax) return fail(error::ENTITIES_TOO_LONG);
  // Before anything is done for every character of it.
  if (text.size() > 8 * kMessageLengthMax) return fail(error::MESSAGE_TOO_LONG);

  const std::vector<bool> boundary = boundaries(text);
  const auto length = static_cast<std::int64_t>(boundary.size()) - 1;
  const std::string_view all = text;
  const std::size_t blank_start = size_of_blank_start(all);
  const std::size_t blank_end = size_of_blank_end(all.substr(blank_start));
  const auto cut_start = static_cast<std::int32_t>(utf16_length(all.substr(0, blank_start)));
  const auto cut_end = static_cast<std::int32_t>(utf16_length(all.substr(all.size() - blank_end)));
  const auto length_left = static_cast<std::int32_t>(length) - cut_start - cut_end;

  StyledText clean;
  clean.text = all.substr(blank_start, all.size() - blank_start - blank_end);
  if (clean.text.empty()) return fail(error::MESSAGE_EMPTY);
  if (code_points(clean.text) > kMessageLengthMax) return fail(error::MESSAGE_TOO_LONG);

  struct Placed {
    std::int32_t offset, length;
    tl::Box<tl::TypeMessageEntity> entity;
  };
  std::vector<Placed> placed;
  for (auto& entity : entities) {
    const Span span = span_of(*entity);
    if (!span.offset || *span.length == 0) continue;
    const std::int64_t end = std::int64_t{*span.offset} + *span.length;
    if (*span.offset < 0 || *span.length < 0 || end > length) return fail(error::ENTITY_BOUNDS_INVALID);
    if (!boundary[static_cast<std::size_t>(*span.offset)] || !boundary[static_cast<std::size_t>(end)]) {
      return fail(error::ENTITY_BOUNDS_INVALID);
    }
    const std::int32_t from = std::max(*span.offset - cut_start, 0);
    const std::int32_t to = std::min(static_cast<std::int32_t>(end) - cut_start, length_left);
    if (from >= to) continue;
    *span.offset = from;
    *span.length = to - from;
    placed.push_back({from, to - from, std::move(entity)});
  }
  std::ranges::stable_sort(placed, [](const Placed& a, const Placed& b) {
    return a.offset != b.offset ? a.offset < b.offset : a.length > b.length;
  });
  for (Placed& next : placed) clean.entities.push_back(std::move(next.entity));
  return clean;
}

}  // namespace helio::domain
