#include "ctl/app.h"
#include "ctl/client.h"

int main(int argc, char** argv) {
  keelson::ctl::set_grpc_log(false);
  keelson::ctl::StdConsole console;
  return keelson::ctl::run_app({argv + 1, argv + argc}, console);
}
