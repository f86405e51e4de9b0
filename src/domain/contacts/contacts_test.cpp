#include "domain/contacts/contacts.h"

#include <gtest/gtest.h>

#include "domain/testing/world.h"
#include "tl/errors.h"

namespace helio::domain {

using testing::World;

namespace {

// People with phone numbers: they come in by the front door.
struct AddressBook : ::testing::Test {
  World world;
  UserId alice = sign_up("9996610001", "Alice");
  UserId bob = sign_up("9996610002", "Bob");

  UserId sign_up(std::string phone, std::string name) {
    auto& auth = world.domain().auth;
    const auto sent = *world.run(auth.send_code(1, phone));
    EXPECT_TRUE(world.run(auth.sign_in(1, phone, sent.phone_code_hash, Secret<std::string>("111111"))));
    return *world.run(auth.sign_up(1, phone, sent.phone_code_hash, std::move(name), ""));
  }
};

TEST_F(AddressBook, ImportsWhoHasTheNumber) {
  const auto imported = world.run(world.domain().contacts.import(
      alice, {{7, "+999 66 10002", "Bobby", ""}, {8, "12345678", "Nobody", ""}, {9, "x", "Nonsense", ""}}));
  ASSERT_TRUE(imported);
  ASSERT_EQ(imported->users.size(), 1u);
  EXPECT_EQ(imported->users[0].client_id, 7);
  EXPECT_EQ(imported->users[0].user, bob);

  const auto seen = world.run(world.domain().users.view(alice, {bob}));
  EXPECT_EQ(seen[0]->contact->first_name, "Bobby");
  EXPECT_EQ(seen[0]->profile.first_name, "Bob");
  EXPECT_FALSE(world.run(world.domain().users.view(bob, {alice}))[0]->contact);
  EXPECT_EQ(world.run(world.domain().contacts.list(alice)).size(), 1u);
}

TEST_F(AddressBook, AContactWithoutANameKeepsTheirOwn) {
  ASSERT_TRUE(world.run(world.domain().contacts.import(alice, {{1, "9996610002", " ", ""}})));
  EXPECT_EQ(world.run(world.domain().contacts.list(alice)).at(0).first_name, "Bob");
}

TEST_F(AddressBook, FindsByNumber) {
  EXPECT_EQ(world.run(world.domain().contacts.resolve_phone("+9996610002")), bob);
  EXPECT_EQ(world.run(world.domain().contacts.resolve_phone("9996619999")).error(), error::PHONE_NOT_OCCUPIED);
  EXPECT_EQ(world.run(world.domain().contacts.resolve_phone("bob")).error(), error::PHONE_NUMBER_INVALID);
}

}  // namespace
}  // namespace helio::domain
