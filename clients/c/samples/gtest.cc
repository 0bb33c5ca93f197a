// With GoogleTest: a fixture class opens in SetUp, and its TearDown fails a test whose plan never fired.
#include <gtest/gtest.h>
#include <hangup.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <unistd.h>

#include <cerrno>

class Hangup : public testing::Test {
 protected:
  void SetUp() override {
    fixture = hangup_open(&error);
    ASSERT_NE(fixture, nullptr) << error.message;
  }

  void TearDown() override { EXPECT_EQ(hangup_close(fixture, nullptr, &error), 0) << error.message; }

  static int Connect(const hangup_listener *listener) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(hangup_listener_port(listener));
    inet_pton(AF_INET, hangup_listener_host(listener), &address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0 ? fd : -1;
  }

  hangup_fixture *fixture = nullptr;
  hangup_error error{};
};

TEST_F(Hangup, AResetIsECONNRESET) {
  hangup_listener *echo = hangup_listen(fixture, HANGUP_JSON({"behaviour" : {"silent" : {}}}), &error);
  ASSERT_NE(echo, nullptr) << error.message;
  int fd = Connect(echo);
  ASSERT_GE(fd, 0);
  hangup_session *session = hangup_accepted(echo, hangup_local_port(fd), &error);
  ASSERT_NE(session, nullptr) << error.message;
  hangup_receipt receipt;
  ASSERT_EQ(hangup_reset(session, &receipt, &error), 0) << error.message;
  EXPECT_EQ(receipt.local_end, HANGUP_RST);
  char byte;
  EXPECT_EQ(recv(fd, &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
  close(fd);
}
