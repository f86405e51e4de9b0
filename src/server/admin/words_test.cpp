#include "server/admin/words.h"

#include <gtest/gtest.h>

namespace helio::server::admin {

TEST(AdminWords, ComeBackWhateverIsInThem) {
  const std::vector<std::string> words = {"backup", "/a folder/100%/ü", "7", "tab\there", "%20"};
  const std::string line = to_line(words);
  EXPECT_EQ(line.find('\t'), std::string::npos);
  EXPECT_EQ(from_line(line + "\n"), words);
}

TEST(AdminWords, WhatIsNoEscapeStays) {
  EXPECT_EQ(from_line("  code  +49%zz %4 \n"), (std::vector<std::string>{"code", "+49%zz", "%4"}));
  EXPECT_TRUE(from_line(" \n").empty());
}

}  // namespace helio::server::admin
