#include "http/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/bytes.h"
#include "base/version.h"

namespace keelson::http {
namespace {

std::string read_file(const char* path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Field `number` of /proc/self/stat as proc(5) counts them; those behind the name, which may hold
// anything.
double stat_field(int number) {
  const std::string stat = read_file("/proc/self/stat");
  std::istringstream in(stat.substr(std::min(stat.rfind(')') + 2, stat.size())));
  std::string field;
  for (int i = 3; i <= number; ++i) in >> field;
  return field.empty() ? 0 : std::strtod(field.c_str(), nullptr);
}

double ticks_a_second() { return static_cast<double>(::sysconf(_SC_CLK_TCK)); }

double cpu_seconds() { return (stat_field(14) + stat_field(15)) / ticks_a_second(); }

// Seconds since the epoch: the boot's time plus the ticks after it.
double start_seconds() {
  const std::string stat = read_file("/proc/stat");
  const size_t at = stat.find("\nbtime ");
  const double boot = at == std::string::npos ? 0 : std::strtod(stat.c_str() + at + 7, nullptr);
  return boot + stat_field(22) / ticks_a_second();
}

double limit(__rlimit_resource resource) {
  rlimit value{};
  if (::getrlimit(resource, &value) != 0) return 0;
  return static_cast<double>(value.rlim_cur);
}

double open_descriptors() {
  DIR* dir = ::opendir("/proc/self/fd");
  if (dir == nullptr) return 0;
  int count = -3;  // ".", ".." and the directory itself
  while (::readdir(dir) != nullptr) ++count;
  ::closedir(dir);
  return count;
}

// Sum over the interfaces of this network namespace: column 1 is received, 9 transmitted.
double network_bytes(int column) {
  std::istringstream lines(read_file("/proc/self/net/dev"));
  std::string line;
  double sum = 0;
  while (std::getline(lines, line)) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::istringstream fields(line.substr(colon + 1));
    double value = 0;
    for (int i = 0; i < column; ++i) fields >> value;
    sum += value;
  }
  return sum;
}

}  // namespace

uint64_t descriptor_limit() { return static_cast<uint64_t>(limit(RLIMIT_NOFILE)); }

uint64_t resident_bytes() {
  return static_cast<uint64_t>(stat_field(24)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

void register_process_metrics(Registry& registry) {
  const auto add = [&](const char* name, const char* help, bool counter,
                       std::function<double()> read) {
    registry.on_scrape(name, help, counter, std::move(read));
  };
  add("process_cpu_seconds_total", "User and system time in seconds.", true, cpu_seconds);
  add("process_open_fds", "Open descriptors.", false, open_descriptors);
  add("process_max_fds", "Descriptors that may be open.", false,
      [] { return limit(RLIMIT_NOFILE); });
  add("process_resident_memory_bytes", "Resident memory in bytes.", false,
      [] { return static_cast<double>(resident_bytes()); });
  add("process_virtual_memory_bytes", "Virtual memory in bytes.", false,
      [] { return stat_field(23); });
  add("process_virtual_memory_max_bytes", "Limit of virtual memory in bytes.", false,
      [] { return limit(RLIMIT_AS); });
  add("process_start_time_seconds", "Start of the process in seconds since the epoch.", false,
      [start = start_seconds()] { return start; });
  add("process_network_receive_bytes_total", "Bytes received by the network interfaces.", true,
      [] { return network_bytes(1); });
  add("process_network_transmit_bytes_total", "Bytes sent by the network interfaces.", true,
      [] { return network_bytes(9); });
  add("os_fd_limit", "Descriptors that may be open.", false, [] { return limit(RLIMIT_NOFILE); });
  add("os_fd_used", "Open descriptors.", false, open_descriptors);
  add("go_threads", "Threads of the process.", false, [] { return stat_field(20); });
}

void register_server_metrics(Registry& registry, uint64_t member_id,
                             const std::vector<FeatureState>& features) {
  registry
      .gauge("etcd_server_version", "1 for the version whose behaviour the server shows.",
             {{"server_version", std::string(kEtcdVersion)}})
      .set(1);
  registry
      .gauge("etcd_server_id", "1 for the identity of this member.",
             {{"server_id", hex(member_id)}})
      .set(1);
  for (const FeatureState& feature : features) {
    registry
        .gauge("etcd_server_feature_enabled", "1 for every feature gate that is on.",
               {{"name", feature.name}, {"stage", feature.stage}})
        .set(feature.enabled ? 1 : 0);
  }
}

}  // namespace keelson::http
