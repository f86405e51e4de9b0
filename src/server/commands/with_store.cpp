#include "server/commands/with_store.h"

#include <iostream>

#include "server/admin/call.h"
#include "server/commands/commands.h"
#include "server/open_store.h"
#include "server/owner_error.h"

namespace helio::server::commands {

int with_store(const std::filesystem::path& data, const std::vector<std::string>& words, const Work& work) {
  if (const auto reply = admin::find_and_call(data / "admin.sock", words, show_progress)) {
    show_progress("");
    if (!reply->good) throw OwnerError(reply->text);
    std::cout << reply->text << '\n';
    return 0;
  }
  // A folder by mistake must not become a server's.
  if (!std::filesystem::exists(data / "store" / "CURRENT") && !std::filesystem::exists(data / "store" / "journal")) {
    throw OwnerError("there is no store in " + data.string() + ": name the server's folder with --data");
  }
  const DataFolder folder(data);
  try {
    const auto kv = open_store(folder, Settings::read(data, {}));
    store::Watch watch;
    watch.says = show_progress;
    const std::string text = work(folder, *kv, watch);
    show_progress("");
    std::cout << text << '\n';
    return 0;
  } catch (const OwnerError&) {
    throw;
  } catch (const std::exception& failure) {
    throw OwnerError(failure.what());
  }
}

}  // namespace helio::server::commands
