// api/contacts/list.cpp: whom a user knows. https://core.telegram.org/api/contacts
#include "api/render/people.h"
#include "api/rows.h"
#include "tl/types/api/Contact.h"
#include "tl/types/api/ContactStatus.h"
#include "tl/types/api/ImportedContact.h"
#include "tl/types/api/InputContact.h"
#include "tl/types/api/PopularContact.h"
#include "tl/types/api/contacts/Blocked.h"
#include "tl/types/api/contacts/ContactBirthdays.h"
#include "tl/types/api/contacts/Contacts.h"
#include "tl/types/api/contacts/ImportedContacts.h"
#include "tl/types/api/contacts/TopPeers.h"
#include "tl/types/api/contacts/getBirthdays.h"
#include "tl/types/api/contacts/getBlocked.h"
#include "tl/types/api/contacts/getContacts.h"
#include "tl/types/api/contacts/getStatuses.h"
#include "tl/types/api/contacts/getTopPeers.h"
#include "tl/types/api/contacts/importContacts.h"

namespace helio::api {
namespace {

Task<Result<tl::contacts::ImportedContacts>> import_contacts(Call call, tl::contacts::importContacts request) {
  tl::contacts::ImportedContacts answer;
  std::vector<domain::PhoneContact> phones;
  for (auto& each : request.contacts) {
    auto* input = tl::as<tl::InputPhoneContact>(each);
    if (!input) continue;
    // More than we take at once: the client asks again for these.
    if (phones.size() == domain::kImportedContactsMax) {
      answer.retry_contacts.push_back(input->client_id);
      continue;
    }
    domain::PhoneContact phone;
    phone.client_id = input->client_id;
    phone.phone = std::move(input->phone);
    phone.first_name = std::move(input->first_name);
    phone.last_name = std::move(input->last_name);
    phones.push_back(std::move(phone));
  }
  CO_TRY(const auto imported, co_await call.domain().contacts.import(call.user(), std::move(phones), call.origin()));

  render::People people;
  for (const auto& one : imported.users) {
    people.mention(one.user);
    tl::ImportedContact contact;
    contact.user_id = one.user.value;
    contact.client_id = one.client_id;
    answer.imported.push_back(std::move(contact));
  }
  answer.users = co_await people.seen_by(call.user(), call.domain());
  co_return answer;
}

Task<Result<tl::contacts::Contacts>> get_contacts(Call call, tl::contacts::getContacts) {
  const auto contacts = co_await call.domain().contacts.list(call.user());
  render::People people;
  tl::contacts::Contacts answer;
  for (const auto& known : contacts) {
    people.mention(domain::UserId{known.user_id});
    tl::Contact contact;
    contact.user_id = known.user_id;
    answer.contacts.push_back(std::move(contact));
  }
  answer.saved_count = static_cast<std::int32_t>(contacts.size());
  answer.users = co_await people.seen_by(call.user(), call.domain());
  co_return answer;
}

constexpr Method kRows[] = {
    {.name = "contacts.getBirthdays", .run = always<tl::contacts::getBirthdays, tl::contacts::ContactBirthdays>},
    {.name = "contacts.getBlocked", .run = always<tl::contacts::getBlocked, tl::contacts::Blocked>},
    {.name = "contacts.getContacts", .run = method<get_contacts>},
    // Nobody's last seen time is shown, so there is none to list.
    {.name = "contacts.getStatuses", .run = always<tl::contacts::getStatuses>},
    {.name = "contacts.getTopPeers", .run = always<tl::contacts::getTopPeers, tl::contacts::TopPeersDisabled>},
    {.name = "contacts.importContacts", .run = method<import_contacts>},
};

}  // namespace

constinit const Methods kContactsList = kRows;

}  // namespace helio::api
