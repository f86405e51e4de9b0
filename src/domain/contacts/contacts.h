// domain/contacts/contacts.h: whom a user knows, and under which name. https://core.telegram.org/api/contacts
//
// Threads: any core. Errors of the store as domain/box/boxes.h says; reads throw StoreDown.
#pragma once
#include "domain/box/boxes.h"
#include "domain/users/users.h"
#include "tl/types/records/Contact.h"

namespace helio::domain {

struct PhoneContact {
  std::int64_t client_id = 0;  // The client's own number for this line.
  std::string phone;           // In any punctuation.
  std::string first_name;
  std::string last_name;
};

struct Imported {
  struct One {
    std::int64_t client_id;
    UserId user;
  };
  std::vector<One> users;
};

inline constexpr std::size_t kImportedContactsMax = 100;  // Of one call; more are left out.

class Contacts {
 public:
  Contacts(Boxes& boxes, store::Kv& kv, Users& users);

  // Numbers that nobody has are left out.
  Task<Result<Imported>> import(UserId owner, std::vector<PhoneContact> phones, Origin origin = {});
  // 400 PHONE_NUMBER_INVALID, PHONE_NOT_OCCUPIED.
  Task<Result<UserId>> resolve_phone(std::string phone);
  // In order of user id.
  Task<std::vector<tl::record::Contact>> list(UserId owner);

 private:
  struct Person {
    UserId id;
    tl::record::Profile profile;
  };
  Task<std::optional<Person>> find_by_phone(std::string digits);

  Boxes& boxes_;
  store::Kv& kv_;
  Users& users_;
};

}  // namespace helio::domain
