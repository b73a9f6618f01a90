#include "front/http_gate.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "front/grpc_wire.h"

namespace keelson::front {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// "host:port" -> "host", "[::1]:2379" -> "::1".
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  const size_t colon = host.rfind(':');
  // More than one colon without brackets: an IPv6 address without a port.
  if (colon == std::string_view::npos || host.find(':') != colon) return host;
  return host.substr(0, colon);
}

bool host_allowed(const std::vector<std::string>& whitelist, std::string_view host) {
  return whitelist.empty() || contains(whitelist, "*") || contains(whitelist, host);
}

// etcd's text names the CVE and the flag, so that whoever meets it finds the way out.
HttpResponse misdirected(std::string_view host) {
  return http_error(421,
                    "\netcd received your request, but the Host header was unrecognized.\n\n"
                    "To fix this, choose one of the following options:\n"
                    "- Enable TLS, then any HTTPS request will be allowed.\n"
                    "- Add the hostname you want to use to the whitelist in settings.\n"
                    "  - e.g. etcd --host-whitelist " +
                        go_quote(host) +
                        "\n\nThis requirement has been added to help prevent \"DNS Rebinding\" "
                        "attacks (CVE-2018-5702).\n");
}

// The origin to allow; empty: none.
std::string allowed_origin(const std::vector<std::string>& cors, const HttpRequest& request) {
  if (cors.empty() || contains(cors, "*")) return "*";
  const std::string_view origin = request.header("origin");
  return contains(cors, origin) ? std::string(origin) : std::string();
}

void add_cors(HttpResponse& response, const std::string& origin) {
  if (origin.empty()) return;
  response.headers.emplace_back("access-control-allow-methods", "POST, GET, OPTIONS, PUT, DELETE");
  response.headers.emplace_back("access-control-allow-origin", origin);
  response.headers.emplace_back("access-control-allow-headers",
                                "accept, content-type, authorization");
}

// RFC 9110's date, which Go's server puts into every answer.
std::string http_date(const Clock& clock) {
  const auto now = static_cast<std::time_t>(clock.wall() / std::chrono::seconds(1));
  std::tm utc{};
  char text[64];
  ::gmtime_r(&now, &utc);
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

}  // namespace

HttpResponse http_error(int status, std::string text) {
  return {status,
          {{"content-type", "text/plain; charset=utf-8"}, {"x-content-type-options", "nosniff"}},
          std::move(text) + "\n"};
}

HttpResponse http_not_found() { return http_error(404, "404 page not found"); }

HttpResponse http_method_not_allowed(std::string allow) {
  HttpResponse response = http_error(405, "Method Not Allowed");
  response.headers.emplace_back("allow", std::move(allow));
  return response;
}

void complete_headers(const LoopContext& context, HttpResponse& response) {
  response.headers.emplace_back("content-length", std::to_string(response.body.size()));
  response.headers.emplace_back("date", http_date(context.clock));
}

void set_target(HttpRequest& request, std::string_view target) {
  const size_t question = target.find('?');
  request.path = target.substr(0, question);
  request.query = question == std::string_view::npos ? "" : target.substr(question + 1);
}

void handle_http(LoopContext& context, HttpRequest&& request,
                 std::shared_ptr<HttpExchange> exchange) {
  const Settings& settings = context.settings;
  const std::string_view host = host_name(request.header("host"));
  if (!request.secure && !host_allowed(settings.host_whitelist, host)) {
    context.log.warn("rejecting HTTP request to prevent DNS rebinding attacks", {{"host", host}});
    HttpResponse response = misdirected(host);
    complete_headers(context, response);
    exchange->answer(std::move(response));
    return;
  }
  auto done = [&context, exchange,
               origin = allowed_origin(settings.cors, request)](HttpResponse&& response) {
    add_cors(response, origin);
    complete_headers(context, response);
    exchange->answer(std::move(response));
  };
  if (request.method == "OPTIONS") return done(HttpResponse{});
  request.loop = context.index;
  context.http.handle(std::move(request), std::move(done));
}

}  // namespace keelson::front
