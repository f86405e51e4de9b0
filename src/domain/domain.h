// domain/domain.h: the whole domain, built and plugged together. The floors above hold one of these.
#pragma once
#include "domain/auth/auth.h"
#include "domain/auth/devices.h"
#include "domain/box/boxes.h"
#include "domain/contacts/contacts.h"
#include "domain/dialogs/dialogs.h"
#include "domain/messages/messages.h"
#include "domain/updates/updates.h"
#include "domain/users/access.h"
#include "domain/users/users.h"

namespace helio::domain {

struct DomainSettings {
  std::string service_name = "Heliograph";
  AuthSettings auth;
  BoxLimits boxes;
};

// What the domain needs from outside; all of it outlives the Domain.
struct DomainNeeds {
  Cores& cores;
  store::Kv& kv;
  Clock& clock;
  std::function<Random&()> random;  // The calling core's own.
  CodeSender& code_sender;
  Secret<Bytes> secret;  // 32 bytes, made once for an instance: access hashes and code hashes hang on it.
};

// Every command of every family.
Commands all_commands();

struct Domain {
  Domain(DomainNeeds needs, DomainSettings settings);

  Commands commands;
  Boxes boxes;
  Users users;
  AccessHashes access_hashes;
  Devices devices;
  Auth auth;
  Contacts contacts;
  Messages messages;
  Dialogs dialogs;
  Updates updates;
};

}  // namespace helio::domain
