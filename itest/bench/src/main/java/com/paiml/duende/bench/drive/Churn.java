package com.paiml.duende.bench.drive;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Several clients that stop, start and restart the {@link Nature#TOGGLED} daemons of a fleet, and deploy and remove others, as
 * fast as they are answered, until they are halted or the container goes. Each daemon has one client, which knows what it was
 * promised: an answered command must have been carried out, whatever happens to the container afterwards.
 */
public final class Churn {
  /** What a daemon is to do by what its client was told. */
  public enum Wish {
    RUN,
    REST,
    /** A command was under way when the container went: either is right. */
    EITHER,
    /** It was removed. */
    ABSENT
  }

  /** What may happen to a command besides being carried out. */
  public enum Manners {
    /** Nothing. */
    ANSWERED,
    /** The container may go, and with it the answer. */
    MAY_BREAK,
    /** It may be refused with a word, or cut off: something that it needs is being replaced. */
    MAY_BE_REFUSED
  }

  private static final int MOST_TRIES = 200;
  private static final long HALT_SECONDS = 180;

  private final Installed duende;
  private final List<List<String>> shares = new ArrayList<>();
  private final Map<String, Wish> wishes = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
  private final AtomicLong commands = new AtomicLong();
  private final AtomicLong slowest = new AtomicLong();
  private final AtomicLong fresh = new AtomicLong();
  private final Random seeds;
  private final Sort freshSort;
  private final Manners manners;
  private final ConcurrentLinkedQueue<String> refusals = new ConcurrentLinkedQueue<>();
  private List<Thread> threads = List.of();
  private volatile boolean halted;

  /**
   * @param clients how many
   * @param seed of what they do
   * @param manners what may happen to a command; anything else is a fault
   */
  public Churn(Fleet fleet, int clients, long seed, Manners manners) {
    this.duende = fleet.container();
    this.seeds = new Random(seed);
    this.manners = manners;
    freshSort = Sort.scripts(duende, "fresh", "");
    for (int i = 0; i < clients; i++) {
      shares.add(new ArrayList<>());
    }
    int next = 0;
    for (Fleet.Member member : fleet.members()) {
      wishes.put(member.name(), Wish.RUN);
      if (member.nature() == Nature.TOGGLED) {
        shares.get(next++ % clients).add(member.name());
      }
    }
  }

  /** What each daemon is to do; of those that it deployed itself too. */
  public Map<String, Wish> wishes() {
    return Map.copyOf(wishes);
  }

  /** What was refused or answered wrongly, while the container was there. */
  public List<String> faults() {
    return List.copyOf(faults);
  }

  /** What was said in refusal, where that may be. */
  public List<String> refusals() {
    return List.copyOf(refusals);
  }

  /** How many commands were answered so far. */
  public long commands() {
    return commands.get();
  }

  /** The longest that a client waited for an answer, milliseconds; since the last call of this. */
  public long slowestMillis() {
    return slowest.getAndSet(0) / 1_000_000;
  }

  /** Sets the clients to work. */
  public void begin() {
    halted = false;
    List<Thread> begun = new ArrayList<>();
    for (int i = 0; i < shares.size(); i++) {
      int number = i;
      long seed = seeds.nextLong();
      begun.add(
          Thread.ofPlatform()
              .daemon()
              .name("churn-" + i)
              .start(() -> work(number, shares.get(number), new Random(seed))));
    }
    threads = begun;
  }

  /** Returns when each client has its last answer, or knows that there will be none. */
  public void halt() throws InterruptedException {
    halted = true;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(HALT_SECONDS);
    for (Thread thread : threads) {
      thread.join(Math.max(1, (end - System.nanoTime()) / 1_000_000));
      if (thread.isAlive()) {
        faults.add(thread.getName() + " waits for an answer that does not come");
      }
    }
    threads = List.of();
  }

  /** Starts what clients have left at rest; to be called while they are halted. */
  public void startAll() throws IOException {
    for (Map.Entry<String, Wish> wish : Map.copyOf(wishes).entrySet()) {
      if (wish.getValue() == Wish.REST) {
        String _ = duende.say("start", wish.getKey()).ok();
        wishes.put(wish.getKey(), Wish.RUN);
      }
    }
  }

  /** What was open is decided: as it was found. */
  public void found(String name, Wish wish) {
    if (wishes.get(name) == Wish.EITHER) {
      wishes.put(name, wish);
    }
  }

  private void work(int number, List<String> mine, Random random) {
    try {
      while (!halted) {
        if (mine.isEmpty() || random.nextInt(8) == 0) {
          deployAndRemove(number, random);
        } else {
          toggle(mine.get(random.nextInt(mine.size())), random);
        }
      }
    } catch (IOException gone) {
      if (manners == Manners.ANSWERED) {
        faults.add("no answer: " + gone);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void toggle(String name, Random random) throws IOException, InterruptedException {
    switch (wishes.getOrDefault(name, Wish.RUN)) {
      case RUN -> {
        if (random.nextInt(3) == 0) {
          ask(name, Wish.RUN, Wish.RUN, "restart", name);
        } else {
          ask(name, Wish.EITHER, Wish.REST, "stop", name);
        }
      }
      case REST -> ask(name, Wish.EITHER, Wish.RUN, "start", name);
      // Right in every state.
      case EITHER, ABSENT -> ask(name, Wish.EITHER, Wish.RUN, "restart", name);
    }
  }

  private void deployAndRemove(int number, Random random) throws IOException, InterruptedException {
    String name = "fresh-" + number + "-" + fresh.incrementAndGet();
    Path file = duende.data().resolveSibling(name + ".toml");
    Files.writeString(file, freshSort.file(name, Nature.STEADY));
    ask(name, Wish.EITHER, Wish.RUN, "deploy", file.toString());
    if (random.nextBoolean()) {
      ask(name, Wish.EITHER, Wish.REST, "stop", name);
    }
    ask(name, Wish.EITHER, Wish.ABSENT, "rm", name);
    for (int i = 0; i < MOST_TRIES && wishes.get(name) != Wish.ABSENT; i++) {
      ask(name, Wish.EITHER, Wish.ABSENT, "rm", name);
    }
    Files.delete(file);
  }

  private void ask(String name, Wish meanwhile, Wish then, String... words)
      throws IOException, InterruptedException {
    wishes.put(name, meanwhile);
    long begin = System.nanoTime();
    Installed.Answer answer;
    try {
      answer = duende.say(words);
    } catch (IOException cut) {
      if (manners != Manners.MAY_BE_REFUSED) {
        throw cut;
      }
      answer = new Installed.Answer(1, "", "cut off: " + cut.getMessage());
    }
    long took = System.nanoTime() - begin;
    if (answer.status() == 0) {
      wishes.put(name, then);
      long _ = commands.incrementAndGet();
      long _ = slowest.accumulateAndGet(took, Math::max);
      return;
    }
    String said = String.join(" ", words) + ": " + answer.err().strip();
    wishes.put(name, Wish.EITHER);
    switch (manners) {
      case ANSWERED -> {
        faults.add(said);
        throw new IOException("refused: " + said);
      }
      case MAY_BREAK -> {
        if (isUp()) {
          faults.add(said);
        }
        throw new IOException("the container is going: " + said);
      }
      case MAY_BE_REFUSED -> {
        if (words[0].equals("rm") && answer.err().contains("not deployed")) {
          wishes.put(name, then);
        } else if (answer.err().isBlank()) {
          faults.add(said + "refused without a word");
        } else {
          refusals.add(said);
          TimeUnit.MILLISECONDS.sleep(20);
        }
      }
    }
  }

  private boolean isUp() throws IOException {
    return duende.container().map(ProcessHandle::isAlive).orElse(false);
  }
}
