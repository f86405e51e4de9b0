#include <algorithm>

#include "crypto/constant_time.h"
#include "domain/auth/commands.h"
#include "domain/box/keys.h"
#include "tl/errors.h"
#include "tl/types/records/Code.h"
#include "tl/types/records/CodeCheck.h"
#include "tl/types/records/Codes.h"
#include "tl/types/records/Done.h"
#include "tl/types/records/NumberOwner.h"
#include "tl/types/records/number/addCode.h"
#include "tl/types/records/number/checkCode.h"
#include "tl/types/records/number/claim.h"
#include "tl/types/records/number/dropCode.h"

namespace helio::domain {

namespace record = tl::record;

namespace {

record::Codes codes_of(const BoxTxn& box) {
  auto codes = box.find<record::Codes>(key::codes());
  return codes ? *std::move(codes) : record::Codes();
}

record::Code& code_in(tl::Box<record::TypeCode>& held) {
  return *tl::as<record::Code>(held);
}

// The code that `hash` names, on the device it was sent for; null when there is none, or not any more.
record::Code* find_code(record::Codes& codes, View hash, std::int64_t auth_key, std::int32_t now) {
  for (auto& held : codes.codes) {
    record::Code& code = code_in(held);
    if (code.hash == hash && code.auth_key == auth_key && code.expires > now) return &code;
  }
  return nullptr;
}

template <class Command>
void reads_of_number(const Command&, Reads& reads) {
  reads.push_back(key::codes());
  reads.push_back(key::owner());
}

void remove_code(record::Codes& codes, View hash) {
  std::erase_if(codes.codes, [hash](auto& held) { return code_in(held).hash == hash; });
}

Result<record::Done> add_code(BoxTxn& box, const tl::number::addCode& command) {
  record::Codes codes = codes_of(box);
  remove_code(codes, tl::as<record::Code>(command.code)->hash);  // The command may run for the second time.
  while (codes.codes.size() >= kCodesMax) codes.codes.erase(codes.codes.begin());
  codes.codes.push_back(command.code);
  box.put(key::codes(), codes);
  return record::Done();
}

Result<tl::Box<record::TypeCodeCheck>> check_code(BoxTxn& box, const tl::number::checkCode& command) {
  record::Codes codes = codes_of(box);
  record::Code* code = find_code(codes, command.hash, command.auth_key, command.now);
  if (!code || code->tries >= kGuessesMax) return tl::Box<record::TypeCodeCheck>(record::CodeExpired());

  // Whatever comes of it, the answer leaves only after the count is committed.
  ++code->tries;
  const bool right = crypto::equal_constant_time(code->proof, command.proof);
  if (right && !code->right) {
    code->right = true;
    code->expires = command.now + kSignUpSeconds;
  }
  box.put(key::codes(), codes);
  if (!right) return tl::Box<record::TypeCodeCheck>(record::CodeWrong());

  record::CodeRight answer;
  if (const auto owner = box.find<record::NumberOwner>(key::owner())) answer.owner = owner->user_id;
  return tl::Box<record::TypeCodeCheck>(std::move(answer));
}

Result<record::NumberOwner> claim(BoxTxn& box, const tl::number::claim& command) {
  record::Codes codes = codes_of(box);
  const record::Code* code = find_code(codes, command.hash, command.auth_key, command.now);
  if (!code) return fail(error::PHONE_CODE_EXPIRED);
  if (!code->right) return fail(error::PHONE_CODE_INVALID);
  const auto before = box.find<record::NumberOwner>(key::owner());
  if (before && before->user_id != command.instead_of) return *before;
  record::NumberOwner owner;
  owner.user_id = command.user_id;
  box.put(key::owner(), owner);
  return owner;
}

Result<record::Done> drop_code(BoxTxn& box, const tl::number::dropCode& command) {
  record::Codes codes = codes_of(box);
  const std::size_t before = codes.codes.size();
  remove_code(codes, command.hash);
  if (codes.codes.size() < before) box.put(key::codes(), codes);
  return record::Done();
}

constexpr CommandKind kCommands[] = {
    command<add_code, reads_of_number<tl::number::addCode>>(),
    command<check_code, reads_of_number<tl::number::checkCode>>(),
    command<claim, reads_of_number<tl::number::claim>>(),
    command<drop_code, reads_of_number<tl::number::dropCode>>(),
};

}  // namespace

std::span<const CommandKind> number_commands() {
  return kCommands;
}

}  // namespace helio::domain
