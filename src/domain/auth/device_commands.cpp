#include "domain/auth/commands.h"
#include "domain/box/keys.h"
#include "tl/types/records/Device.h"
#include "tl/types/records/device/setClient.h"
#include "tl/types/records/device/signIn.h"
#include "tl/types/records/device/signOut.h"

namespace helio::domain {

namespace record = tl::record;

namespace {

template <class Command>
void reads_of_device(const Command&, Reads& reads) {
  reads.push_back(key::device());
}

record::Device device_of(const BoxTxn& box) {
  auto device = box.find<record::Device>(key::device());
  return device ? *std::move(device) : record::Device();
}

Result<record::Device> sign_in(BoxTxn& box, const tl::device::signIn& command) {
  record::Device device = device_of(box);
  device.user_id = command.user_id;
  device.signed_in = command.date;
  box.put(key::device(), device);
  return device;
}

Result<record::Device> set_client(BoxTxn& box, const tl::device::setClient& command) {
  record::Device device = device_of(box);
  device.layer = command.layer;
  device.api_id = command.api_id;
  device.device_model = command.device_model;
  device.system_version = command.system_version;
  device.app_version = command.app_version;
  device.system_lang_code = command.system_lang_code;
  device.lang_pack = command.lang_pack;
  device.lang_code = command.lang_code;
  box.put(key::device(), device);
  return device;
}

Result<record::Device> sign_out(BoxTxn& box, const tl::device::signOut&) {
  record::Device device = device_of(box);
  if (device.user_id == 0) return device;
  device.user_id = 0;
  device.signed_in = 0;
  box.put(key::device(), device);
  return device;
}

constexpr CommandKind kCommands[] = {
    command<sign_in, reads_of_device<tl::device::signIn>>(),
    command<set_client, reads_of_device<tl::device::setClient>>(),
    command<sign_out, reads_of_device<tl::device::signOut>>(),
};

}  // namespace

std::span<const CommandKind> device_commands() {
  return kCommands;
}

}  // namespace helio::domain
