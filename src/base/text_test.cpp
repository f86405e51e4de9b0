#include "base/text.h"

#include <gtest/gtest.h>

namespace helio {

TEST(Text, ValidUtf8) {
  for (const char* text : {"", "plain", "eight ch", "d\u00e9j\u00e0 vu", "\u4f60\u597d", "\U0001f600", "\U0010ffff"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Text, RefusesWhatIsNoUtf8) {
  for (const std::string_view text :
       {"\x80", "\xc0\xaf", "\xc1\x81", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "eight chars then \xfe", "\xe2\x28\xa1"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Text, CountsLikeClients) {
  struct Case {
    std::string_view text;
    std::size_t units, points;
  };
  for (const auto& [text, units, points] : {Case{"abc", 3, 3}, Case{"\u00e9", 1, 1}, Case{"\U0001f600", 2, 1},
                                            Case{"\U0001f1e9\U0001f1ea", 4, 2}, Case{"", 0, 0}}) {
    EXPECT_EQ(utf16_length(text), units);
    EXPECT_EQ(code_points(text), points);
  }
}

}  // namespace helio
