#include "domain/users/users.h"

#include <gtest/gtest.h>

#include <set>

#include "domain/testing/world.h"
#include "domain/users/access.h"
#include "domain/users/name.h"
#include "domain/users/phone.h"
#include "domain/users/user_id.h"

namespace helio::domain {

using testing::World;

namespace {

TEST(Phone, AnyPunctuationIsTheSameNumber) {
  for (const char* written : {"4915112345678", "+4915112345678", "+49 (151) 123-456-78", "  49.151.12345678\n"}) {
    EXPECT_EQ(normal_phone(written), "4915112345678") << written;
  }
  for (const char* wrong : {"", "1234", "1234567890123456", "phone"}) {
    EXPECT_EQ(normal_phone(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(normal_phone("4915112345678" + std::string(65, ' ')), std::nullopt);
}

TEST(Phone, TestNumbersHaveTheirOwnRange) {
  EXPECT_TRUE(is_test_number("9996612345"));
  EXPECT_FALSE(is_test_number("99966123456"));
  EXPECT_FALSE(is_test_number("9996712345"));
}

TEST(Name, IsTrimmedAndCut) {
  EXPECT_EQ(clean_name("  Ada \u00a0"), "Ada");
  EXPECT_EQ(clean_name(" \t"), "");
  EXPECT_EQ(clean_name(std::string(100, 'x')), std::string(64, 'x'));
  EXPECT_EQ(clean_name("\u00e9" + std::string(100, 'x')).size(), 65u);
}

TEST(UserIds, StayInTheirRange) {
  SeededRandom random(1);
  std::set<UserId> seen;
  for (int i = 0; i < 10'000; ++i) {
    const UserId user = random_user_id(random);
    EXPECT_GE(user.value, 1'000'000'000);
    EXPECT_LT(user.value, std::int64_t{1} << 40);
    seen.insert(user);
  }
  EXPECT_EQ(seen.size(), 10'000u);
}

TEST(AccessHash, IsOfOneViewerAndOnePeer) {
  const AccessHashes hashes(Secret<Bytes>("secret"));
  const std::int64_t hash = hashes.of(UserId{1}, UserId{2});
  EXPECT_TRUE(hashes.right(UserId{1}, UserId{2}, hash));
  EXPECT_FALSE(hashes.right(UserId{3}, UserId{2}, hash));
  EXPECT_FALSE(hashes.right(UserId{1}, UserId{3}, hash));
  EXPECT_FALSE(hashes.right(UserId{1}, {PeerKind::kChannel, 2}, hash));
  EXPECT_FALSE(hashes.right(UserId{1}, UserId{2}, 0));
  EXPECT_FALSE(AccessHashes(Secret<Bytes>("another")).right(UserId{1}, UserId{2}, hash));
}

TEST(Users, AreSeenByTheirViewer) {
  World world;
  const UserId alice = world.make_user("Alice"), bob = world.make_user("Bob");
  auto& users = world.domain().users;
  const auto views = world.run(users.view(alice, {bob, UserId{4711}, alice, kServiceUser}));
  ASSERT_EQ(views.size(), 4u);
  EXPECT_EQ(views[0]->profile.first_name, "Bob");
  EXPECT_FALSE(views[0]->self);
  EXPECT_FALSE(views[0]->contact);
  EXPECT_FALSE(views[1]);
  EXPECT_TRUE(views[2]->self);
  EXPECT_EQ(views[3]->profile.first_name, "Heliograph");
}

}  // namespace
}  // namespace helio::domain
