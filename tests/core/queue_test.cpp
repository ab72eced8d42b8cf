#include "ditto/core/queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace ditto {
namespace {

TEST(BoundedQueueTest, NeverHoldsMoreThanItsCapacityAndDrainsWhenClosed) {
  BoundedQueue<int> queue(2);
  std::atomic<int> pushed{0};
  std::thread producer([&] {
    for (int i = 0; i < 100; ++i) {
      queue.push(i);
      ++pushed;
    }
    queue.close();
  });
  int expected = 0;
  while (auto value = queue.pop()) {
    EXPECT_EQ(*value, expected++);
    EXPECT_LE(pushed - expected, 3);
  }
  producer.join();
  EXPECT_EQ(expected, 100);
  EXPECT_FALSE(queue.push(1));
}

TEST(BoundedQueueTest, AbortWakesAWaitingProducer) {
  BoundedQueue<int> queue(1);
  queue.push(1);
  std::thread producer([&] { EXPECT_FALSE(queue.push(2)); });
  queue.abort();
  producer.join();
  EXPECT_FALSE(queue.pop());
}

}  // namespace
}  // namespace ditto
