// etcd's feature gates: a name, a stage and a default each.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/config.h"

namespace keelson::config {

// Every gate of etcd 3.7.1 with its default, sorted by name; AllAlpha and AllBeta are among them.
std::vector<FeatureGate> default_gates();

// "A=true,B=false". A gate named here wins over AllAlpha and AllBeta, whatever the order.
Status apply_gates(std::vector<FeatureGate>& gates, std::string_view text);

}  // namespace keelson::config
