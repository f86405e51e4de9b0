// unpack_recording RECORDING OUT: seeds for every fuzz target from what real clients said to a server.
//
// RECORDING holds streams/ (server.py) and data/, a copy of the data folder that the server used. Packets are decrypted
// with the server's own keys: its RSA key, and the permanent auth keys of its store; temporary keys are stored nowhere,
// so what they sealed stays closed. OUT/TARGET/CLIENT-HASH gets the seeds, OUT/traces/CLIENT-HASH the sessions for
// src/mtproto/session/recorded_clients_test.cpp. Prints what it found, and fails when the server complained about a
// client's sequence numbers (docs/security.md C09).
#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include "base/gzip.h"
#include "base/tasks.h"
#include "crypto/exchange_data.h"
#include "crypto/message.h"
#include "crypto/rsa_padding.h"
#include "mtproto/key_store.h"
#include "mtproto/session/container.h"
#include "mtproto/session/service.h"
#include "recording/stream.h"
#include "store/rocks/rocks_kv.h"
#include "tl/mtproto.h"
#include "tl/reader.h"
#include "tl/types/mtproto/BadMsgNotification.h"
#include "tl/types/mtproto/Client_DH_Inner_Data.h"
#include "tl/types/mtproto/P_Q_inner_data.h"
#include "tl/types/mtproto/req_DH_params.h"
#include "tl/types/mtproto/req_pq.h"
#include "tl/types/mtproto/req_pq_multi.h"
#include "tl/types/mtproto/set_client_DH_params.h"

namespace helio::recording {
namespace {

namespace fs = std::filesystem;
namespace mt = tl::mt;
using mtproto::constructor_of;
using mtproto::InnerMessage;

constexpr std::size_t kSeedMax = 16 << 10;
constexpr std::size_t kBeginningMax = 4 << 10;

Bytes read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Seeds {
 public:
  explicit Seeds(fs::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& target, const std::string& client, View seed) {
    if (seed.empty() || seed.size() > kSeedMax) return;
    write(target, client, seed);
  }
  void write(const std::string& target, const std::string& client, View bytes) {
    fs::create_directories(folder_ / target);
    const auto hash = crypto::sha256(bytes);
    const std::string name = client + "-" + to_hex(crypto::view(hash).substr(0, 6));
    std::ofstream(folder_ / target / name, std::ios::binary) << bytes;
    names_[target].insert(name);
  }
  void print() const {
    for (const auto& [target, names] : names_) std::cout << target << ": " << names.size() << "\n";
  }

 private:
  fs::path folder_;
  std::map<std::string, std::set<std::string>> names_;
};

// The permanent auth keys of a data folder.
class Keys {
 public:
  explicit Keys(const fs::path& store)
      : kv_(store::RocksOptions{.directory = store, .memory = 16 << 20, .reader_threads = 1}), store_(kv_) {}

  // Null when it is not stored.
  const crypto::AuthKey* find(std::int64_t id) {
    if (!known_.contains(id)) {
      asio::io_context context;
      run_until_done(context, load(id));
    }
    return known_[id] ? &known_[id]->bytes : nullptr;
  }

 private:
  Task<> load(std::int64_t id) { known_[id] = co_await store_.find(id); }

  store::RocksKv kv_;
  mtproto::KeyStore store_;
  std::map<std::int64_t, std::optional<mtproto::StoredKey>> known_;
};

// A decrypted message of a client, and where it came from.
struct Message {
  std::int64_t time = 0;
  std::size_t link = 0;  // Which connection.
  std::int64_t msg_id = 0;
  std::int32_t seqno = 0;
  Bytes body;
};

// One life of a session in the server: since its start, as long as that lived.
struct SessionName {
  std::int64_t auth_key_id, session_id;
  int life;
  friend auto operator<=>(const SessionName&, const SessionName&) = default;
};
struct Session {
  std::string client;
  std::vector<Message> messages;
};

Bytes packed_again(View plain) {
  const Bytes stream = gzip(plain);
  Bytes out;
  append_le(out, mtproto::kGzipPackedId);
  ASSERT(stream.size() < 254);
  out.push_back(static_cast<char>(stream.size()));
  out += stream;
  out.append((4 - out.size() % 4) % 4, '\0');
  return out;
}

// `body` with every message inside a container changed.
template <class Change>
Bytes changed(View body, Change change) {
  const auto container =
      constructor_of(body) == mtproto::kMsgContainerId ? mtproto::parse_container(body) : std::nullopt;
  if (!container) return Bytes(body);
  Bytes out;
  mtproto::append_container_header(out, container->messages.size());
  for (const InnerMessage& inner : container->messages) {
    const auto [msg_id, inner_body] = change(inner);
    mtproto::append_inner(out, msg_id, inner.seqno, inner_body);
  }
  return out;
}

// Of a query only its constructor: a session looks no further, and what people write is nobody's business.
Bytes without_content(View body) {
  if (constructor_of(body) == mtproto::kGzipPackedId) {
    const auto plain = mtproto::unpack(body, 4 << 20);
    return plain ? packed_again(View(*plain).substr(0, 4)) : Bytes(body);
  }
  return mtproto::is_service(constructor_of(body)) ? Bytes(body) : Bytes(body.substr(0, 4));
}

// Lines: milliseconds since the first, connection, msg_id, seqno, body in hex.
Bytes trace_of(const Session& session) {
  Bytes out;
  std::map<std::size_t, std::size_t> links;
  for (const Message& message : session.messages) {
    const auto link = links.emplace(message.link, links.size()).first->second;
    const bool container = constructor_of(message.body) == mtproto::kMsgContainerId;
    const Bytes body =
        container
            ? changed(message.body,
                      [](const InnerMessage& inner) { return std::pair(inner.msg_id, without_content(inner.body)); })
            : without_content(message.body);
    out += std::to_string(message.time / 1'000'000) + " " + std::to_string(link) + " " +
           std::to_string(message.msg_id) + " " + std::to_string(message.seqno) + " " + to_hex(body) + "\n";
  }
  return out;
}

// The format of fuzz/mtproto_session.cpp. Ids keep their order, but lie next to each other in that target's first
// second.
std::vector<Bytes> sequences_of(const Session& session) {
  constexpr std::size_t kMessagesMax = 24;
  constexpr std::int64_t kBase = std::int64_t{1'800'000'000} << 32;  // VirtualClock's first second.
  std::vector<Bytes> sequences;
  for (std::size_t from = 0; from < session.messages.size(); from += kMessagesMax) {
    const std::size_t to = std::min(from + kMessagesMax, session.messages.size());
    const std::span part(session.messages.data() + from, to - from);
    std::map<std::int64_t, std::int64_t> steps;
    for (const Message& message : part) {
      steps[message.msg_id];
      changed(message.body, [&](const InnerMessage& inner) {
        steps[inner.msg_id];
        return std::pair(inner.msg_id, Bytes());
      });
    }
    std::int64_t last = 0;
    for (auto& [msg_id, step] : steps) step = last += 4;

    Bytes out;
    for (const Message& message : part) {
      const Bytes body = changed(message.body, [&](const InnerMessage& inner) {
        return std::pair(kBase + steps[inner.msg_id], Bytes(inner.body));
      });
      constexpr char kStartAndRun = 2 | 4;
      out.push_back(static_cast<char>(kStartAndRun | (message.link & 1)));
      out.push_back('\0');  // Age.
      append_le(out, static_cast<std::uint16_t>(steps[message.msg_id]));
      append_le(out, static_cast<std::uint16_t>(message.seqno));
      append_le(out, static_cast<std::uint16_t>(body.size() / 4));
      out += body;
    }
    sequences.push_back(std::move(out));
  }
  return sequences;
}

class Unpacking {
 public:
  Unpacking(const fs::path& recording, const fs::path& out)
      : recording_(recording), seeds_(out), keys_(recording / "data" / "store") {
    for (const auto& file : fs::directory_iterator(recording / "data" / "keys")) {
      if (auto key = crypto::RsaKey::from_pem(read_file(file.path()))) rsa_keys_.push_back(*std::move(key));
    }
  }

  bool run() {
    std::vector<fs::path> files;
    for (const auto& file : fs::directory_iterator(recording_ / "streams")) files.push_back(file.path());
    std::ranges::sort(files);
    std::vector<Stream> streams;
    for (const fs::path& file : files) {
      if (auto stream = read_stream(file)) streams.push_back(*std::move(stream));
    }
    // In the order in which the server saw it: sessions and key exchanges may use several connections.
    struct Arrival {
      std::size_t stream;
      Packet packet;
    };
    std::vector<Arrival> arrivals;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      add_stream(streams[i]);
      for (Packet& packet : packets_of(streams[i])) arrivals.push_back({i, std::move(packet)});
    }
    std::ranges::stable_sort(arrivals, {}, [](const Arrival& arrival) { return arrival.packet.time; });
    for (const auto& [stream, packet] : arrivals) take(streams[stream], stream, packet);

    for (const auto& [nonce, exchange] : exchanges_) {
      seeds_.add("mtproto_plain", exchange.client, steps_of(exchange));
    }
    for (auto& [name, session] : sessions_) {
      std::erase_if(session.messages, [&](const Message& m) { return never_received_.contains(m.msg_id); });
      if (session.messages.empty()) continue;
      for (const Bytes& sequence : sequences_of(session)) seeds_.add("mtproto_session", session.client, sequence);
      seeds_.write("traces", session.client, trace_of(session));
    }
    seeds_.print();
    return print();
  }

 private:
  void add_stream(const Stream& stream) {
    // Before each go the bytes that tell its target how to cut it.
    const Bytes beginning = stream.sent().substr(0, kBeginningMax);
    const HttpParts http = http_parts_of(stream);
    for (const Bytes& head : http.heads) seeds_.add("net_http", stream.client, "\x07" + head);
    if (!http.heads.empty()) seeds_.add("net_http", stream.client, "\x07" + beginning);
    const Bytes frames = http.web_socket.substr(0, kBeginningMax);
    if (!frames.empty()) seeds_.add("net_web_socket", stream.client, "\x07\x0d" + frames);
    // What WebSocket carries is a transport as well, without a head.
    seeds_.add("mtproto_transport", stream.client,
               "\x07" + (frames.empty() ? beginning : http.payload.substr(0, kBeginningMax)));
  }

  void take(const Stream& stream, std::size_t link, const Packet& packet) {
    constexpr std::size_t kErrorSize = 4;
    if (packet.payload.size() == kErrorSize) {
      ++transport_errors_[load_le<std::int32_t>(packet.payload.data())];
      return;
    }
    if (packet.payload.size() < 8) return;
    const auto auth_key_id = load_le<std::int64_t>(packet.payload.data());
    if (auth_key_id == 0) return take_plain(stream, packet);
    const crypto::AuthKey* key = keys_.find(auth_key_id);
    ++(key ? counts_[stream.client].opened : counts_[stream.client].closed);
    if (!key) return;
    Bytes frame = packet.payload;
    const auto sender = packet.from_client ? crypto::Sender::kClient : crypto::Sender::kServer;
    const auto opened = crypto::open(frame, key, sender);
    if (!opened) {
      ++counts_[stream.client].broken;
      return;
    }
    const crypto::Envelope& envelope = opened->envelope;
    if (!packet.from_client) return take_answer(stream, envelope);
    Session& session = sessions_[{auth_key_id, envelope.session_id, stream.life}];
    session.client = stream.client;
    constexpr char kSealAsClient = 2;
    constexpr std::size_t kHeaderSize = 24;
    seeds_.add("mtproto_encrypted", stream.client, kSealAsClient + frame.substr(kHeaderSize));
    session.messages.push_back({packet.time, link, envelope.msg_id, envelope.seqno, Bytes(envelope.body)});
    each_inner(envelope, [&](const InnerMessage& inner) { take_body(stream.client, inner); });
  }

  template <class Visit>
  static void each_inner(const crypto::Envelope& envelope, Visit visit) {
    const InnerMessage whole{envelope.msg_id, envelope.seqno, envelope.body};
    if (constructor_of(whole.body) != mtproto::kMsgContainerId) return visit(whole);
    const auto container = mtproto::parse_container(whole.body);
    if (!container) return;
    for (const InnerMessage& inner : container->messages) visit(inner);
  }

  // A key exchange, from what a client sent; by its nonce.
  struct Exchange {
    std::string client;
    Bytes first, second, third;  // Packets.
    bool multi = false;          // Asked with req_pq_multi.
    bool dc = false, temporary = false, legacy = false;
    crypto::Fixed<32> new_nonce{};
    Bytes g_b;
  };

  void take_plain(const Stream& stream, const Packet& packet) {
    constexpr std::size_t kPlainHeaderSize = 20;
    if (!packet.from_client || packet.payload.size() < kPlainHeaderSize) return;
    const View body = View(packet.payload).substr(kPlainHeaderSize);
    const auto prefix = tl::decode_mtproto_prefix(body);
    if (!prefix) return;
    seeds_.add("tl_mtproto", stream.client, body.substr(0, prefix->used));
    const auto begin = [&](const auto* request) {
      if (!request) return;
      Exchange& exchange = exchanges_[request->nonce];
      exchange.client = stream.client;
      exchange.first = packet.payload;
    };
    begin(tl::as<mt::req_pq>(prefix->object));
    begin(tl::as<mt::req_pq_multi>(prefix->object));
    if (const auto* request = tl::as<mt::req_pq_multi>(prefix->object)) exchanges_[request->nonce].multi = true;
    if (const auto* request = tl::as<mt::req_DH_params>(prefix->object)) {
      exchanges_[request->nonce].second = packet.payload;
      take_rsa(stream, *request);
    }
    if (const auto* request = tl::as<mt::set_client_DH_params>(prefix->object)) {
      exchanges_[request->nonce].third = packet.payload;
      take_client_dh(stream, *request);
    }
  }

  void take_rsa(const Stream& stream, const mt::req_DH_params& request) {
    const auto key = std::ranges::find(rsa_keys_, request.public_key_fingerprint, &crypto::RsaKey::fingerprint);
    if (key == rsa_keys_.end()) return;
    const auto block = key->decrypt_raw(request.encrypted_data);
    const auto opened = crypto::rsa_open(*key, request.encrypted_data, true);
    const auto prefix = opened ? tl::decode_mtproto_prefix(opened->data) : fail(Error());
    if (!prefix) return;
    ++rsa_inner_;
    // As the target has them: any block; one of the paddings around any data.
    constexpr char kAnyBlock = 0 | 4, kPad = 1, kPadLegacy = 3 | 4;
    seeds_.add("crypto_rsa_padding", stream.client, kAnyBlock + Bytes(crypto::view(*block)));
    Bytes padded(1, opened->legacy ? kPadLegacy : kPad);
    if (opened->legacy) padded.push_back(static_cast<char>(opened->data.size()));
    seeds_.add("crypto_rsa_padding", stream.client, padded + opened->data);
    seeds_.add("tl_mtproto", stream.client, View(opened->data).substr(0, prefix->used));

    Exchange& exchange = exchanges_[request.nonce];
    exchange.legacy = opened->legacy;
    const auto take = [&]<class T>(const T* inner) {
      if (!inner) return;
      exchange.new_nonce = inner->new_nonce;
      exchange.dc = requires { inner->dc; };
      exchange.temporary = requires { inner->expires_in; };
    };
    take(tl::as<mt::P_q_inner_data>(prefix->object));
    take(tl::as<mt::P_q_inner_data_dc>(prefix->object));
    take(tl::as<mt::P_q_inner_data_temp>(prefix->object));
    take(tl::as<mt::P_q_inner_data_temp_dc>(prefix->object));
  }

  void take_client_dh(const Stream& stream, const mt::set_client_DH_params& request) {
    Exchange& exchange = exchanges_[request.nonce];
    const auto aes = crypto::exchange_aes(exchange.new_nonce, request.server_nonce);
    const auto data = crypto::open_exchange_data(request.encrypted_data, aes);
    const auto object = data ? tl::decode_mtproto(*data) : fail(Error());
    const auto* inner = object ? tl::as<mt::Client_DH_inner_data>(*object) : nullptr;
    if (!inner) return;
    ++client_dh_;
    exchange.g_b = inner->g_b;
    seeds_.add("tl_mtproto", stream.client, *data);
    // As the target has them: all of the data; or its last fields, behind the nonces of the target's own exchange.
    constexpr char kData = 1, kFields = 2;
    seeds_.add("mtproto_client_dh", stream.client, Bytes{kData, 0} + *data);
    Bytes fields{kFields, 0};
    append_le(fields, inner->retry_id);
    seeds_.add("mtproto_client_dh", stream.client, fields + inner->g_b);
  }

  // Steps of fuzz/mtproto_plain.cpp: each request as it was recorded, whose nonces its server does not know, and one of
  // the same kind with nonces that it does.
  static Bytes steps_of(const Exchange& exchange) {
    Bytes steps;
    const auto add = [&](char what, int form, View rest) {
      steps += {what, static_cast<char>(form), 0, 0};
      append_le(steps, static_cast<std::uint16_t>(rest.size()));
      steps += rest;
    };
    constexpr char kPacket = 0, kFirst = 1, kSecond = 2, kThird = 3;
    add(kPacket, 0, exchange.first);
    add(kFirst, exchange.multi ? 1 : 0, {});
    add(kPacket, 0, exchange.second);
    add(kSecond, (exchange.dc ? 1 : 0) | (exchange.temporary ? 2 : 0) | (exchange.legacy ? 4 : 0), {});
    add(kPacket, 0, exchange.third);
    add(kThird, 0, exchange.g_b);
    return steps;
  }

  void take_body(const std::string& client, const InnerMessage& message) {
    View body = message.body;
    std::optional<Bytes> plain;
    Counts& counts = counts_[client];
    ++counts.messages;
    if (constructor_of(body) == mtproto::kGzipPackedId) {
      ++counts.packed;
      tl::Reader in(body);
      in.u32();
      seeds_.add("base_gzip", client, "\xff\xff" + Bytes(in.string()));  // The cap of what it may become.
      plain = mtproto::unpack(body, 4 << 20);
      if (!plain) return;
      body = *plain;
    }
    if (mtproto::is_service(constructor_of(body))) {
      counts.odd_services += static_cast<std::size_t>(message.seqno & 1);
      seeds_.add("tl_mtproto", client, body);
    } else {
      seeds_.add("tl_decode", client, body);
    }
  }

  // What the server had to say about the client's messages.
  void take_answer(const Stream& stream, const crypto::Envelope& envelope) {
    each_inner(envelope, [&](const InnerMessage& inner) {
      const auto object = tl::decode_mtproto(inner.body);
      if (!object) return;
      if (const auto* salt = tl::as<mt::Bad_server_salt>(*object)) {
        never_received_.insert(salt->bad_msg_id);
        ++counts_[stream.client].notices[salt->error_code];
      } else if (const auto* bad = tl::as<mt::Bad_msg_notification>(*object)) {
        ++counts_[stream.client].notices[bad->error_code];
      }
    });
  }

  bool print() const {
    bool good = true;
    std::cout << rsa_inner_ << " key exchanges with their inner data, " << client_dh_ << " with the client's half\n";
    for (const auto& [code, count] : transport_errors_)
      std::cout << "transport error " << code << ": " << count << "\n";
    for (const auto& [client, counts] : counts_) {
      std::cout << client << ": " << counts.opened << " packets opened, " << counts.closed << " under temporary keys, "
                << counts.broken << " broken; " << counts.messages << " messages, " << counts.packed << " packed, "
                << counts.odd_services << " service messages with an odd seqno";
      for (const auto& [code, count] : counts.notices) std::cout << "; notice " << code << ": " << count;
      std::cout << "\n";
      constexpr int kBadServerSalt = 48;
      good &= counts.broken == 0;
      good &= std::ranges::all_of(counts.notices, [](const auto& notice) { return notice.first == kBadServerSalt; });
    }
    return good;
  }

  struct Counts {
    std::size_t opened = 0, closed = 0, broken = 0;  // Packets of both sides.
    std::size_t messages = 0, packed = 0, odd_services = 0;
    std::map<int, int> notices;  // By code.
  };

  const fs::path recording_;
  Seeds seeds_;
  Keys keys_;
  std::vector<crypto::RsaKey> rsa_keys_;
  std::map<crypto::Fixed<16>, Exchange> exchanges_;
  std::map<SessionName, Session> sessions_;
  std::set<std::int64_t> never_received_;  // Messages under a wrong salt: no session saw them.
  std::map<std::string, Counts> counts_;
  std::map<std::int32_t, int> transport_errors_;
  std::size_t rsa_inner_ = 0, client_dh_ = 0;
};

}  // namespace
}  // namespace helio::recording

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: unpack_recording RECORDING OUT\n";
    return 2;
  }
  helio::recording::Unpacking unpacking(argv[1], argv[2]);
  return unpacking.run() ? 0 : 1;
}
