#include "engine/published.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

// A value that is whole only if both halves agree; counts how many there are. A
// thread may keep one for longer than a test: counters are static.
struct Pair {
  explicit Pair(int64_t n, std::atomic<int>* alive = nullptr)
      : a(n), b(-n), alive(alive) {
    if (alive != nullptr) ++*alive;
  }
  ~Pair() {
    a = 1;
    b = 1;
    if (alive != nullptr) --*alive;
  }
  int64_t a;
  int64_t b;
  std::atomic<int>* alive;
};

TEST(PublishedTest, ReadsTheNewest) {
  Published<Pair> published(std::make_shared<const Pair>(1));
  EXPECT_EQ(published.Get()->a, 1);
  published.Replace(std::make_shared<const Pair>(2));
  EXPECT_EQ(published.Get()->a, 2);
  EXPECT_EQ(published.Peek().a, 2);
  // Another thread sees it as well.
  int64_t seen = 0;
  std::thread([&] { seen = published.Get()->a; }).join();
  EXPECT_EQ(seen, 2);
}

TEST(PublishedTest, WhatIsHeldStays) {
  static std::atomic<int> alive{0};
  Published<Pair> published(std::make_shared<const Pair>(1, &alive));
  const std::shared_ptr<const Pair> held = published.Get();
  for (int i = 2; i < 10; ++i) {
    published.Replace(std::make_shared<const Pair>(i, &alive));
    EXPECT_EQ(published.Get()->a, i);
  }
  EXPECT_EQ(held->a, 1);
  EXPECT_EQ(held->b, -1);
  // The held one, the newest, and the one before it at most: it is destroyed by
  // the next writer.
  EXPECT_LE(alive, 3);
}

TEST(PublishedTest, OneOfSeveralIsNotMistakenForAnother) {
  Published<Pair> first(std::make_shared<const Pair>(1));
  EXPECT_EQ(first.Get()->a, 1);
  // Each may come to lie where the one before it lay.
  for (int i = 2; i < 50; ++i) {
    const Published<Pair> other(std::make_shared<const Pair>(i));
    EXPECT_EQ(other.Get()->a, i);
    EXPECT_EQ(first.Get()->a, 1);
  }
}

TEST(PublishedTest, ValuesOfThoseGoneAreReleased) {
  static std::atomic<int> alive{0};
  for (int i = 0; i < 50; ++i) {
    const Published<Pair> one(std::make_shared<const Pair>(i, &alive));
    EXPECT_EQ(one.Get()->a, i);
  }
  EXPECT_LE(alive, 1);
}

// Readers see whole values and never go back, while writers replace them.
TEST(PublishedTest, ReadersNeverGoBack) {
  static std::atomic<int> alive{0};
  {
    Published<Pair> published(std::make_shared<const Pair>(0, &alive));
    std::atomic<int64_t> written{0};
    std::atomic<bool> done{false};
    std::atomic<int> faults{0};
    std::vector<std::thread> readers;
    for (int r = 0; r < 3; ++r) {
      readers.emplace_back([&] {
        int64_t last = 0;
        while (!done) {
          const int64_t at_least = written;
          const std::shared_ptr<const Pair> pair = published.Get();
          if (pair->a != -pair->b || pair->a < last || pair->a < at_least) {
            ++faults;
          }
          last = pair->a;
          if (published.Peek().a < last) ++faults;
        }
      });
    }
    for (int64_t i = 1; i <= 5000; ++i) {
      published.Replace(std::make_shared<const Pair>(i, &alive));
      written = i;
    }
    done = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(faults, 0);
  }
  EXPECT_LE(alive, 1);  // This thread never read.
}

}  // namespace
}  // namespace stagecraft::engine
