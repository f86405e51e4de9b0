#include "domain/messages/text.h"

#include <gtest/gtest.h>

#include "tl/errors.h"

namespace helio::domain {
namespace {

using Entities = std::vector<tl::Box<tl::TypeMessageEntity>>;

template <class Entity>
tl::Box<tl::TypeMessageEntity> entity(std::int32_t offset, std::int32_t length) {
  Entity entity;
  entity.offset = offset;
  entity.length = length;
  return entity;
}
tl::Box<tl::TypeMessageEntity> bold(std::int32_t offset, std::int32_t length) {
  return entity<tl::MessageEntityBold>(offset, length);
}
tl::Box<tl::TypeMessageEntity> code(std::int32_t offset, std::int32_t length) {
  return entity<tl::MessageEntityCode>(offset, length);
}

TEST(CleanMessage, KeepsWhatIsInOrder) {
  struct Case {
    const char* why;
    std::string text;
    Entities entities;
    std::string expected_text;
    Entities expected;
  } cases[] = {
      {"nothing to do", "hello", {bold(0, 5)}, "hello", {bold(0, 5)}},
      {"blanks at both ends", " \n hello\t ", {bold(3, 5)}, "hello", {bold(0, 5)}},
      {"an entity over the blanks", "  hello  ", {bold(0, 9)}, "hello", {bold(0, 5)}},
      {"an entity of blanks only", "  hello", {bold(0, 2)}, "hello", {}},
      {"no-break and zero-width spaces", "\u00a0\u200bhi\u3000", {bold(2, 2)}, "hi", {bold(0, 2)}},
      {"empty entities", "hello", {bold(2, 0), code(1, 1)}, "hello", {code(1, 1)}},
      {"order", "hello", {code(2, 1), bold(0, 1), code(0, 5)}, "hello", {code(0, 5), bold(0, 1), code(2, 1)}},
      {"UTF-16", "\U0001F600 ok", {bold(0, 2), code(3, 2)}, "\U0001F600 ok", {bold(0, 2), code(3, 2)}},
      {"kinds nobody may send", "hello", {entity<tl::MessageEntityUnknown>(0, 2), bold(0, 1)}, "hello", {bold(0, 1)}},
  };
  for (auto& [why, text, entities, expected_text, expected] : cases) {
    SCOPED_TRACE(why);
    const auto clean = clean_message(text, entities);
    ASSERT_TRUE(clean);
    EXPECT_EQ(clean->text, expected_text);
    EXPECT_EQ(clean->entities, expected);
  }
}

TEST(CleanMessage, RefusesWhatIsWrong) {
  Entities many;
  for (int i = 0; i < 101; ++i) many.push_back(bold(0, 1));
  struct Case {
    const char* why;
    std::string text;
    Entities entities;
    Error expected;
  } cases[] = {
      {"empty", "", {}, error::MESSAGE_EMPTY},
      {"blank", " \n\t\u2003", {}, error::MESSAGE_EMPTY},
      {"too long", std::string(4097, 'x'), {}, error::MESSAGE_TOO_LONG},
      {"far too long", std::string(1'000'000, ' '), {}, error::MESSAGE_TOO_LONG},
      {"behind the end", "hello", {bold(0, 6)}, error::ENTITY_BOUNDS_INVALID},
      {"before the start", "hello", {bold(-1, 3)}, error::ENTITY_BOUNDS_INVALID},
      {"negative length", "hello", {bold(3, -1)}, error::ENTITY_BOUNDS_INVALID},
      {"beyond all numbers", "hello", {bold(2'147'483'647, 2'147'483'647)}, error::ENTITY_BOUNDS_INVALID},
      {"inside a character", "\U0001F600", {bold(1, 1)}, error::ENTITY_BOUNDS_INVALID},
      {"too many", "hello", many, error::ENTITIES_TOO_LONG},
  };
  for (auto& [why, text, entities, expected] : cases) {
    SCOPED_TRACE(why);
    const auto clean = clean_message(text, entities);
    ASSERT_FALSE(clean);
    EXPECT_EQ(clean.error(), expected);
  }
}

TEST(CleanMessage, CountsCodePoints) {
  std::string faces;
  for (int i = 0; i < 4096; ++i) faces += "\U0001F600";
  EXPECT_TRUE(clean_message(faces, {}));
  EXPECT_TRUE(clean_message(faces + "  ", {}));
  EXPECT_FALSE(clean_message(faces + "x", {}));
}

}  // namespace
}  // namespace helio::domain
