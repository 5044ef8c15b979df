package com.paiml.duende.manager.tree;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.Depends;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.FailureReason;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.manager.life.Message;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decides who is started and stopped, in which order, and what the death of one means for others. A unit is what was
 * deployed under a name; its daemons are its instances. For one thread at a time; without clock or I/O.
 */
public final class Tree {

  private static final class Unit {
    final String name;
    Depends depends;
    List<String> daemons = List.of();

    Unit(String name, Depends depends) {
      this.name = name;
      this.depends = depends;
    }
  }

  /** What is known of one daemon, and what it was told that it has not answered yet. */
  private static final class View {
    final Unit unit;
    DaemonStatus status;
    long generation;
    long sent;
    long acked;
    boolean coming;

    View(Unit unit, DaemonStatus status) {
      this.unit = unit;
      this.status = status;
    }

    boolean isSettled() {
      return acked == sent;
    }

    boolean isActive() {
      return isSettled() ? status.isActive() : coming || status.isActive();
    }

    boolean isReady() {
      return isSettled() && status.canSignal();
    }
  }

  /** A stop that a daemon was told of, and the run that was then in progress; 0 until the daemon has answered. */
  private record Told(long sequence, long generation) {}

  private record Death(String daemon, long generation, long time) {}

  private record Start(String daemon, Message message, long ticket) {}

  /** Daemons that are stopped in the reverse order of dependence, and others that are started afterwards. */
  private static final class Job {
    final Map<String, Message.Stop> remaining = new LinkedHashMap<>();
    final Set<String> all = new HashSet<>();
    final Map<String, Told> told = new HashMap<>();
    final List<Start> then = new ArrayList<>();
    final Map<String, Long> tickets = new HashMap<>();
    String group = "";
    long done;
  }

  private final Graph graph = new Graph();
  private final Map<String, Unit> units = new LinkedHashMap<>();
  private final Map<String, View> views = new LinkedHashMap<>();
  private final Map<String, GroupConfig> groups = new HashMap<>();
  private final Map<String, Deque<Long>> deaths = new HashMap<>();
  private final Map<String, Long> gates = new LinkedHashMap<>();
  private final Map<String, String> waits = new HashMap<>();
  private final List<Job> jobs = new ArrayList<>();
  private final List<Death> later = new ArrayList<>();
  private final Consumer<Order> out;
  private boolean closing;

  public Tree(Consumer<Order> out) {
    this.out = out;
  }

  /** A unit is there, or has changed. */
  public void put(String name, Depends depends, Map<String, DaemonStatus> daemons) {
    Unit unit = units.computeIfAbsent(name, n -> new Unit(n, depends));
    unit.depends = depends;
    for (String gone : unit.daemons) {
      if (!daemons.containsKey(gone)) {
        forget(gone);
      }
    }
    unit.daemons = List.copyOf(daemons.keySet());
    daemons.forEach((daemon, status) -> views.computeIfAbsent(daemon, d -> new View(unit, status)));
    graph.put(name, depends);
    settle();
  }

  /** A unit is gone. */
  public void drop(String name) {
    Unit unit = units.remove(name);
    if (unit != null) {
      graph.drop(name);
      unit.daemons.forEach(this::forget);
      settle();
    }
  }

  private void forget(String daemon) {
    views.remove(daemon);
    gates.remove(daemon);
    waits.remove(daemon);
    jobs.forEach(
        j -> {
          j.remaining.remove(daemon);
          j.told.remove(daemon);
          j.then.removeIf(s -> s.daemon().equals(daemon));
        });
  }

  public void define(GroupConfig group) {
    groups.put(group.name(), group);
  }

  public void forgetGroup(String name) {
    groups.remove(name);
    deaths.remove(name);
  }

  /** A way from a unit back to itself, were it deployed with these dependencies. */
  public Optional<List<String>> cycle(String name, Depends depends) {
    return graph.cycle(name, depends);
  }

  /** A message for one daemon that concerns no other. */
  public void pass(String daemon, Message message, long ticket) {
    send(daemon, message, ticket);
  }

  /**
   * Starts daemons, and first what they require or want.
   *
   * @param asked by an operator: refused when active, or when something required is not deployed
   */
  public void start(Collection<String> daemons, boolean asked, Map<String, Long> tickets)
      throws DaemonException {
    if (closing) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          String.join(", ", daemons),
          "cannot be started while all daemons are being stopped",
          "start it afterwards");
    }
    Set<String> wanted = unitsOf(daemons);
    Set<String> needed = graph.needs(wanted);
    if (asked) {
      for (String unit : needed) {
        for (String required : Objects.requireNonNull(units.get(unit)).depends.requires()) {
          if (!units.containsKey(required)) {
            throw new DaemonException(
                ErrorCode.NOT_FOUND,
                unit,
                "requires \"" + required + "\", which is not deployed",
                "deploy it first");
          }
        }
      }
    }
    Set<String> targets = new LinkedHashSet<>(daemons);
    for (String unit : graph.inOrder(needed)) {
      for (String daemon : Objects.requireNonNull(units.get(unit)).daemons) {
        if (targets.contains(daemon)) {
          send(daemon, new Message.Start(asked, false), tickets.getOrDefault(daemon, 0L));
        } else if (!wanted.contains(unit) && isInactive(daemon)) {
          send(daemon, new Message.Start(false, false), 0);
        }
      }
    }
  }

  /** Stops daemons, and first what requires them. */
  public void stop(Collection<String> daemons, boolean forgoes, Map<String, Long> tickets) {
    Job job = new Job();
    Message.Stop how = new Message.Stop(forgoes, Optional.empty());
    daemons.forEach(d -> add(job, d, how));
    // With one of several instances gone, the unit is still there for those who require it.
    Set<String> ending = new LinkedHashSet<>();
    for (String unit : unitsOf(daemons)) {
      if (Objects.requireNonNull(units.get(unit)).daemons.stream()
          .allMatch(d -> job.all.contains(d) || isInactive(d))) {
        ending.add(unit);
      }
    }
    Set<String> above = daemonsOf(graph.requirers(ending)).collect(Collectors.toSet());
    above.stream().filter(d -> !isInactive(d)).forEach(d -> add(job, d, how));
    job.tickets.putAll(tickets);
    // A group or a restart that is under way would bring them back, also those that it has stopped.
    job.all.addAll(above);
    jobs.forEach(j -> j.then.removeIf(s -> s.ticket() == 0 && job.all.contains(s.daemon())));
    run(job);
  }

  /** Stops what requires these, restarts these, and starts the others again. */
  public void restart(Collection<String> daemons, Map<String, Long> tickets)
      throws DaemonException {
    if (closing) {
      start(daemons, true, tickets);
    }
    Job job = new Job();
    Message.Stop how = new Message.Stop(false, Optional.empty());
    List<String> others =
        daemonsOf(graph.inOrder(graph.requirers(unitsOf(daemons))))
            .filter(d -> !isInactive(d))
            .toList();
    others.forEach(d -> add(job, d, how));
    Set<String> wanted = unitsOf(daemons);
    for (String unit : graph.inOrder(graph.needs(wanted))) {
      for (String daemon : Objects.requireNonNull(units.get(unit)).daemons) {
        if (!wanted.contains(unit) && isInactive(daemon)) {
          job.then.add(new Start(daemon, new Message.Start(false, false), 0));
        }
      }
    }
    for (String daemon : daemons) {
      job.then.add(new Start(daemon, new Message.Restart(), tickets.getOrDefault(daemon, 0L)));
    }
    others.forEach(d -> job.then.add(new Start(d, new Message.Start(false, false), 0)));
    run(job);
  }

  /** Stops all that is active. What is to run stays recorded as such. */
  public void stopAll(long ticket) {
    closing = true;
    Job job = new Job();
    Message.Stop how = new Message.Stop(false, Optional.empty());
    views.keySet().stream().filter(d -> !isInactive(d)).forEach(d -> add(job, d, how));
    job.done = ticket;
    run(job);
  }

  /** Stops these, in order, and nothing else. What is to run stays recorded as such. */
  public void stopThese(Collection<String> daemons, long ticket) {
    closing = true;
    Job job = new Job();
    Message.Stop how = new Message.Stop(false, Optional.empty());
    daemons.stream().filter(d -> !isInactive(d)).forEach(d -> add(job, d, how));
    // Nothing else follows from their end.
    job.all.addAll(views.keySet());
    job.done = ticket;
    run(job);
  }

  /** A daemon asks whether what it depends on is there. */
  public void gate(String daemon, long generation) {
    gates.put(daemon, generation);
    waits.remove(daemon);
    settle();
  }

  /**
   * A daemon that belongs to a group has died and would be started again.
   *
   * @param now nanoseconds of a monotonic clock
   */
  public void died(String daemon, long generation, long now) {
    View view = views.get(daemon);
    if (view == null || generation < view.generation) {
      return;
    }
    view.status = DaemonStatus.STARTING;
    view.generation = generation;
    GroupConfig group = groups.get(view.unit.depends.group());
    if (group == null) {
      send(daemon, new Message.GroupAgrees(generation), 0);
      return;
    }
    if (closing) {
      send(daemon, new Message.Stop(false, Optional.empty()), 0);
      return;
    }
    if (jobs.stream().anyMatch(j -> j.group.isEmpty() && j.remaining.containsKey(daemon))) {
      // It is about to be told to stop.
      return;
    }
    if (jobs.stream().anyMatch(j -> j.group.equals(group.name()))) {
      later.add(new Death(daemon, generation, now));
      return;
    }
    Deque<Long> recent = deaths.computeIfAbsent(group.name(), g -> new ArrayDeque<>());
    recent.addLast(now);
    while (now - recent.getFirst() > group.period().toNanos()) {
      recent.removeFirst();
    }
    if (recent.size() > group.intensity()) {
      FailureReason reason =
          new FailureReason.StartLimit(
              "group "
                  + group.name()
                  + ": "
                  + recent.size()
                  + " deaths within "
                  + group.period().toMillis()
                  + " ms, the last of "
                  + daemon);
      recent.clear();
      fail(group, daemon, generation, reason);
      return;
    }
    List<String> members = members(group.name());
    List<String> affected =
        switch (group.strategy()) {
          case ONE_FOR_ONE -> List.of();
          case ONE_FOR_ALL -> members;
          case REST_FOR_ONE -> members.subList(members.indexOf(daemon) + 1, members.size());
        };
    Set<String> others = new LinkedHashSet<>(affected);
    daemonsOf(graph.requirers(unitsOf(affected.stream().filter(d -> !d.equals(daemon)).toList())))
        .forEach(others::add);
    others.remove(daemon);
    // Those that are being stopped for another reason are not this group's to start.
    others.removeIf(
        d -> isInactive(d) || jobs.stream().anyMatch(j -> j.group.isEmpty() && j.all.contains(d)));
    Job job = new Job();
    job.group = group.name();
    others.forEach(d -> add(job, d, new Message.Stop(false, Optional.empty())));
    job.then.add(new Start(daemon, new Message.GroupAgrees(generation), 0));
    for (String unit : graph.inOrder(unitsOf(others))) {
      for (String d : Objects.requireNonNull(units.get(unit)).daemons) {
        if (others.contains(d)) {
          job.then.add(new Start(d, new Message.Start(false, true), 0));
        }
      }
    }
    run(job);
  }

  private List<String> members(String group) {
    List<String> names =
        units.values().stream()
            .filter(u -> u.depends.group().equals(group))
            .map(u -> u.name)
            .toList();
    return daemonsOf(graph.inOrder(names)).toList();
  }

  private void fail(GroupConfig group, String daemon, long generation, FailureReason reason) {
    Job job = new Job();
    job.group = group.name();
    job.all.add(daemon);
    send(daemon, new Message.GroupFails(generation, reason), 0);
    Set<String> failed = new HashSet<>();
    failInto(job, group, reason, failed);
    job.remaining.remove(daemon);
    run(job);
  }

  private void failInto(Job job, GroupConfig group, FailureReason reason, Set<String> failed) {
    if (!failed.add(group.name())) {
      return;
    }
    List<String> members = members(group.name());
    members.stream()
        .filter(d -> !isInactive(d))
        .forEach(d -> add(job, d, new Message.Stop(false, Optional.of(reason))));
    if (!group.escalate()) {
      return;
    }
    for (String member : unitsOf(members)) {
      for (String unit : graph.requirers(Set.of(member))) {
        Unit requirer = Objects.requireNonNull(units.get(unit));
        FailureReason because = new FailureReason.DependencyFailed(member);
        requirer.daemons.stream()
            .filter(d -> !isInactive(d) && !job.remaining.containsKey(d))
            .forEach(d -> add(job, d, new Message.Stop(false, Optional.of(because))));
        GroupConfig outer = groups.get(requirer.depends.group());
        if (outer != null) {
          failInto(job, outer, because, failed);
        }
      }
    }
  }

  /**
   * A daemon has changed its state, or has handled an order.
   *
   * @param generation of its present or last run
   * @param sequence of the last order that it has handled; 0 when it had none
   */
  public void seen(String daemon, DaemonStatus status, long generation, long sequence) {
    View view = views.get(daemon);
    if (view == null) {
      return;
    }
    boolean wasActive = view.status.isActive();
    view.status = status;
    view.generation = generation;
    view.acked = Math.max(view.acked, sequence);
    if (view.isSettled()) {
      view.coming = status.isActive();
    }
    if (status.state() != State.STARTING) {
      gates.remove(daemon);
      waits.remove(daemon);
    }
    boolean expected = false;
    for (Job job : jobs) {
      expected |= job.all.contains(daemon);
      if (hasEnded(job, daemon, view)) {
        job.told.remove(daemon);
        job.remaining.remove(daemon);
      }
    }
    if (wasActive && status.isTerminal() && !expected) {
      cascade(view.unit, status);
    }
    settle();
  }

  /** Whether the run that it was told to end is over: somebody may have started another one since. */
  private static boolean hasEnded(Job job, String daemon, View view) {
    Told told = job.told.get(daemon);
    if (told == null || view.acked < told.sequence()) {
      return false;
    }
    if (told.generation() == 0) {
      told = new Told(told.sequence(), view.generation);
      job.told.put(daemon, told);
    }
    return !view.status.isActive() || view.generation > told.generation();
  }

  /** What requires a unit that has stopped stops too. */
  private void cascade(Unit unit, DaemonStatus status) {
    if (!unit.daemons.stream().allMatch(this::isInactive)) {
      return;
    }
    Message.Stop how =
        new Message.Stop(
            false,
            status.state() == State.FAILED
                ? Optional.of(new FailureReason.DependencyFailed(unit.name))
                : Optional.empty());
    Job job = new Job();
    daemonsOf(graph.requirers(Set.of(unit.name)))
        .filter(d -> !isInactive(d) && jobs.stream().noneMatch(j -> j.all.contains(d)))
        // What is still waiting for its start is told by its gate.
        .filter(d -> !gates.containsKey(d) || status.state() != State.FAILED)
        .forEach(d -> add(job, d, how));
    if (!job.remaining.isEmpty()) {
      run(job);
    }
  }

  private static void add(Job job, String daemon, Message.Stop how) {
    job.remaining.putIfAbsent(daemon, how);
    job.all.add(daemon);
  }

  private void run(Job job) {
    jobs.add(job);
    settle();
  }

  /** Does all that can be done now. */
  private void settle() {
    for (boolean again = true; again; ) {
      again = false;
      for (Job job : List.copyOf(jobs)) {
        if (jobs.contains(job)) {
          step(job);
          if (job.remaining.isEmpty()) {
            finish(job);
            again = true;
          }
        }
      }
    }
    if (!gates.isEmpty()) {
      List.copyOf(gates.keySet()).forEach(this::tryGate);
    }
  }

  private void finish(Job job) {
    jobs.remove(job);
    for (Start start : job.then) {
      send(start.daemon(), start.message(), start.ticket());
    }
    if (job.done != 0) {
      closing = false;
      out.accept(new Order.Done(job.done));
    }
    if (!job.group.isEmpty()) {
      List<Death> open = List.copyOf(later);
      later.clear();
      open.stream()
          .filter(this::isStillDead)
          .forEach(d -> died(d.daemon(), d.generation(), d.time()));
    }
  }

  /** Those that the job has stopped begin anew with it: their deaths are dealt with. */
  private boolean isStillDead(Death death) {
    View view = views.get(death.daemon());
    return view != null
        && view.status.state() == State.STARTING
        && view.generation == death.generation();
  }

  private void step(Job job) {
    if (job.told.size() == job.remaining.size()) {
      return;
    }
    Set<String> needed = new HashSet<>();
    for (String daemon : job.remaining.keySet()) {
      View view = views.get(daemon);
      if (view != null) {
        needed.addAll(Graph.all(view.unit.depends));
      }
    }
    for (Map.Entry<String, Message.Stop> e : List.copyOf(job.remaining.entrySet())) {
      View view = views.get(e.getKey());
      if (view != null && !job.told.containsKey(e.getKey()) && !needed.contains(view.unit.name)) {
        job.told.put(e.getKey(), new Told(view.sent + 1, 0));
        send(e.getKey(), e.getValue(), job.tickets.getOrDefault(e.getKey(), 0L));
      }
    }
  }

  private void tryGate(String daemon) {
    View view = views.get(daemon);
    Long generation = gates.get(daemon);
    if (view == null || generation == null || isBeingStopped(daemon)) {
      return;
    }
    Depends depends = view.unit.depends;
    Set<String> open = new LinkedHashSet<>();
    for (String name : depends.requires()) {
      Unit unit = units.get(name);
      if (unit == null) {
        open.add(name + ", which is not deployed");
        continue;
      }
      for (String d : unit.daemons) {
        View v = Objects.requireNonNull(views.get(d));
        if (v.isReady()) {
          continue;
        }
        if (v.isSettled() && v.status.state() == State.FAILED) {
          gates.remove(daemon);
          waits.remove(daemon);
          send(daemon, new Message.GateShut(generation, new FailureReason.DependencyFailed(d)), 0);
          return;
        }
        if (isInactive(d) && !isBeingStopped(d)) {
          send(d, new Message.Start(false, false), 0);
        }
        open.add(d);
      }
    }
    Stream.concat(depends.wants().stream(), depends.after().stream())
        .map(units::get)
        .filter(Objects::nonNull)
        .flatMap(u -> u.daemons.stream())
        .filter(d -> isOnItsWay(views.get(d)))
        .forEach(open::add);
    if (open.isEmpty()) {
      gates.remove(daemon);
      waits.remove(daemon);
      send(daemon, new Message.GateOpen(generation), 0);
      return;
    }
    String text = String.join(", ", open);
    if (!text.equals(waits.put(daemon, text))) {
      send(daemon, new Message.GateWaits(generation, text), 0);
    }
  }

  private static boolean isOnItsWay(@Nullable View view) {
    return view != null && !view.isReady() && view.isActive();
  }

  private boolean isBeingStopped(String daemon) {
    return jobs.stream().anyMatch(j -> j.remaining.containsKey(daemon));
  }

  private boolean isInactive(String daemon) {
    View view = views.get(daemon);
    return view == null || !view.isActive();
  }

  private Set<String> unitsOf(Collection<String> daemons) {
    Set<String> names = new LinkedHashSet<>();
    for (String daemon : daemons) {
      View view = views.get(daemon);
      if (view != null) {
        names.add(view.unit.name);
      }
    }
    return names;
  }

  private Stream<String> daemonsOf(Collection<String> names) {
    return names.stream().map(units::get).filter(Objects::nonNull).flatMap(u -> u.daemons.stream());
  }

  private void send(String daemon, Message message, long ticket) {
    View view = views.get(daemon);
    if (view == null) {
      return;
    }
    view.sent++;
    switch (message) {
      case Message.Start s -> view.coming = true;
      case Message.Restart r -> view.coming = true;
      case Message.Stop s -> view.coming = false;
      default -> {
        // It says nothing about where the daemon goes.
      }
    }
    out.accept(new Order.Send(daemon, message, ticket, view.sent));
  }
}
