#include "domain/contacts/contacts.h"

#include "domain/box/record.h"
#include "domain/users/name.h"
#include "domain/users/phone.h"
#include "tl/errors.h"
#include "tl/types/records/NumberOwner.h"
#include "tl/types/records/box/putContacts.h"

namespace helio::domain {

Contacts::Contacts(Boxes& boxes, store::Kv& kv, Users& users) : boxes_(boxes), kv_(kv), users_(users) {}

Task<std::optional<Contacts::Person>> Contacts::find_by_phone(std::string digits) {
  const Bytes partition = number_partition(digits);
  std::vector<Bytes> keys{key::owner()};
  const store::Values values = co_await kv_.get(partition, std::move(keys));
  if (!values.values[0]) co_return std::nullopt;
  const auto owner = record_of<tl::record::NumberOwner>(partition, key::owner(), *values.values[0]);
  // A number may be claimed by a sign-up that is not finished.
  const UserId user{owner.user_id};
  auto profile = co_await users_.find(user);
  if (!profile || profile->phone != digits) co_return std::nullopt;
  co_return Person{user, *std::move(profile)};
}

Task<Result<Imported>> Contacts::import(UserId owner, std::vector<PhoneContact> phones, Origin origin) {
  Imported imported;
  tl::box::putContacts command;
  for (const PhoneContact& phone : phones) {
    if (imported.users.size() == kImportedContactsMax) break;
    const auto digits = normal_phone(phone.phone);
    if (!digits) continue;
    const auto person = co_await find_by_phone(*digits);
    if (!person) continue;
    imported.users.push_back({phone.client_id, person->id});

    tl::record::Contact contact;
    contact.user_id = person->id.value;
    contact.phone = *digits;
    contact.first_name = clean_name(phone.first_name);
    contact.last_name = clean_name(phone.last_name);
    if (contact.first_name.empty() && contact.last_name.empty()) {
      contact.first_name = person->profile.first_name;
      contact.last_name = person->profile.last_name;
    }
    command.contacts.push_back(std::move(contact));
  }
  if (!command.contacts.empty()) CO_CHECK(co_await boxes_.run(owner, std::move(command), origin));
  co_return imported;
}

Task<Result<UserId>> Contacts::resolve_phone(std::string phone) {
  const auto digits = normal_phone(phone);
  if (!digits) co_return fail(error::PHONE_NUMBER_INVALID);
  const auto person = co_await find_by_phone(*digits);
  if (!person) co_return fail(error::PHONE_NOT_OCCUPIED);
  co_return person->id;
}

Task<std::vector<tl::record::Contact>> Contacts::list(UserId owner) {
  const Bytes partition = user_partition(owner);
  std::vector<tl::record::Contact> contacts;
  store::Range range = key::contacts();
  for (bool more = true; more;) {
    store::Scan scan{.from = range.from, .to = range.to, .limit = 1'000};
    const store::Page page = co_await kv_.scan(partition, std::move(scan));
    for (const store::Put& row : page.rows) {
      contacts.push_back(record_of<tl::record::Contact>(partition, row.key, row.value));
    }
    more = page.more;
    if (more) range.from = page.rows.back().key + '\0';
  }
  co_return contacts;
}

}  // namespace helio::domain
