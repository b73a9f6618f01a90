#include "ctl/srv_lookup.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <optional>

namespace keelson::ctl {
namespace {

constexpr size_t kAnswerBytesMax = 65536;
constexpr size_t kHeaderBytes = 12;
constexpr size_t kQuestionTailBytes = 4;  // type and class
constexpr size_t kRecordFixedBytes = 10;  // type, class, time to live, length
constexpr size_t kSrvFixedBytes = 6;      // priority, weight, port

// A DNS message, read from front to back. Every step checks that its bytes are there.
class DnsReader {
 public:
  explicit DnsReader(std::string_view message)
      : begin_(reinterpret_cast<const unsigned char*>(message.data())),
        end_(begin_ + message.size()),
        at_(begin_) {}

  std::optional<uint16_t> number() {
    if (end_ - at_ < 2) return std::nullopt;
    at_ += 2;
    return static_cast<uint16_t>(at_[-2] << 8 | at_[-1]);
  }

  bool skip(size_t count) {
    if (static_cast<size_t>(end_ - at_) < count) return false;
    at_ += count;
    return true;
  }

  bool skip_name() {
    int used = dn_skipname(at_, end_);
    return used > 0 && skip(static_cast<size_t>(used));
  }

  std::optional<std::string> name() const {
    std::array<char, NS_MAXDNAME> text;
    int used = dn_expand(begin_, end_, at_, text.data(), static_cast<int>(text.size()));
    if (used < 0) return std::nullopt;
    return text.data();
  }

 private:
  const unsigned char* begin_;
  const unsigned char* end_;
  const unsigned char* at_;
};

// Moves over one record; `*out` is set when it is an SRV record.
bool take_record(DnsReader* reader, std::optional<SrvRecord>* out) {
  if (!reader->skip_name()) return false;
  std::optional<uint16_t> type = reader->number();
  if (!type || !reader->skip(kRecordFixedBytes - 4)) return false;
  std::optional<uint16_t> length = reader->number();
  if (!length) return false;
  DnsReader data = *reader;
  if (!reader->skip(*length)) return false;
  if (*type != ns_t_srv || *length <= kSrvFixedBytes) return true;
  uint16_t priority = *data.number();
  uint16_t weight = *data.number();
  uint16_t port = *data.number();
  std::optional<std::string> target = data.name();
  if (target) *out = SrvRecord{priority, weight, port, *target};
  return true;
}

Result<std::vector<std::string>> lookup(const std::string& service, const std::string& domain,
                                        const std::string& scheme) {
  std::string name = "_" + service + "._tcp." + domain;
  std::vector<unsigned char> answer(kAnswerBytesMax);
  int length =
      res_query(name.c_str(), ns_c_in, ns_t_srv, answer.data(), static_cast<int>(answer.size()));
  if (length < 0) return Failure{kExitError, "lookup " + name + ": no such host"};
  size_t size = std::min(static_cast<size_t>(length), answer.size());
  std::string_view bytes(reinterpret_cast<const char*>(answer.data()), size);
  std::vector<std::string> endpoints;
  for (const SrvRecord& record : parse_srv_answer(bytes)) {
    endpoints.push_back(scheme + "://" + record.target + ":" + std::to_string(record.port));
  }
  return endpoints;
}

}  // namespace

std::vector<SrvRecord> parse_srv_answer(std::string_view answer) {
  std::vector<SrvRecord> records;
  if (answer.size() < kHeaderBytes) return records;
  DnsReader reader(answer);
  reader.skip(4);  // ID and flags
  uint16_t questions = *reader.number();
  uint16_t answers = *reader.number();
  reader.skip(4);  // the other counts
  for (uint16_t i = 0; i < questions; i++) {
    if (!reader.skip_name() || !reader.skip(kQuestionTailBytes)) return records;
  }
  for (uint16_t i = 0; i < answers; i++) {
    std::optional<SrvRecord> record;
    if (!take_record(&reader, &record)) break;
    if (record) records.push_back(*record);
  }
  std::stable_sort(records.begin(), records.end(), [](const SrvRecord& a, const SrvRecord& b) {
    return a.priority != b.priority ? a.priority < b.priority : a.weight > b.weight;
  });
  return records;
}

Result<std::vector<std::string>> lookup_client_endpoints(const std::string& domain,
                                                         const std::string& service_name) {
  std::string suffix = service_name.empty() ? "" : "-" + service_name;
  Result<std::vector<std::string>> secure = lookup("etcd-client-ssl" + suffix, domain, "https");
  Result<std::vector<std::string>> plain = lookup("etcd-client" + suffix, domain, "http");
  if (!secure.ok() && !plain.ok()) {
    return Failure{kExitError,
                   "dns lookup errors: " + secure.failure().text + " and " + plain.failure().text};
  }
  std::vector<std::string> endpoints;
  if (secure.ok()) endpoints = *secure;
  if (plain.ok()) endpoints.insert(endpoints.end(), plain->begin(), plain->end());
  return endpoints;
}

}  // namespace keelson::ctl
