// The raised alarms of the cluster: which member, which kind. Changed by apply alone.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "mvcc/store.h"

namespace keelson::apply {

inline constexpr int32_t kAlarmNone = 0;
inline constexpr int32_t kAlarmNoSpace = 1;
inline constexpr int32_t kAlarmCorrupt = 2;

struct Alarm {
  MemberId member;
  int32_t type = kAlarmNone;
  auto operator<=>(const Alarm&) const = default;
};

// etcd's AlarmMember message: the row key in its bucket and the element of answers.
std::string encode_alarm(const Alarm& alarm);

class Alarms {
 public:
  explicit Alarms(mvcc::Store& store) : store_(store) {}

  void load(const std::vector<mvcc::Loaded::Row>& rows);
  bool any(int32_t type) const;
  bool raised(const Alarm& alarm) const { return alarms_.contains(alarm); }
  const std::set<Alarm>& all() const { return alarms_; }
  void raise(const Alarm& alarm);  // inside an entry; idempotent
  bool clear(const Alarm& alarm);  // inside an entry; false when it was not raised

 private:
  mvcc::Store& store_;
  std::set<Alarm> alarms_;
};

}  // namespace keelson::apply
