#include "ctl/each_endpoint.h"

#include "ctl/session.h"

namespace keelson::ctl {

Result<std::vector<std::string>> chosen_endpoints(const Invocation& invocation,
                                                  const ClientConfig& config) {
  if (!invocation.values.is_on("cluster")) return invocation.values.list("endpoints");
  Result<std::unique_ptr<Client>> client = Client::open(config, invocation.console);
  if (!client.ok()) return Failure{kExitError, client.failure().text};
  pb::MemberListRequest request;
  request.set_linearizable(true);
  pb::MemberListResponse response;
  RpcStatus status = (*client)->call(request, &response, command_deadline(invocation));
  if (!status.ok()) {
    return Failure{kExitError,
                   "failed to fetch endpoints from etcd cluster member list: " + status.text()};
  }
  std::vector<std::string> endpoints;
  for (const pb::Member& member : response.members()) {
    endpoints.insert(endpoints.end(), member.clienturls().begin(), member.clienturls().end());
  }
  return endpoints;
}

ClientConfig for_endpoint(const ClientConfig& config, const std::string& endpoint) {
  ClientConfig one = config;
  one.endpoints = {endpoint};
  return one;
}

}  // namespace keelson::ctl
