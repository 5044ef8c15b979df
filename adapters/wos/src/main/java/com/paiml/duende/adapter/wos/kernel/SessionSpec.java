package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.fs.Preopen;
import com.paiml.duende.adapter.wos.fs.Streams;
import com.paiml.duende.adapter.wos.sched.Priority;
import java.util.List;
import java.util.OptionalLong;

/**
 * What a session is started with: a main process and all that it brings forth.
 *
 * @param name for people
 * @param args of the main process, its name first
 * @param env {@code NAME=VALUE}
 * @param preopens what of the host's files its processes are given
 * @param input standard input
 * @param output standard output
 * @param errors standard error
 * @param endsWithLeader whether what is left of it is killed when its main process has ended; otherwise init adopts it
 * @param seed of its random numbers; empty: the system's
 * @param tape records the main process, or plays a recording to it
 */
@SuppressWarnings("ArrayRecordComponent") // copied on the way in and out
public record SessionSpec(
    String name,
    List<String> args,
    List<String> env,
    List<Preopen> preopens,
    Priority priority,
    Limits limits,
    byte[] input,
    Streams.Sink output,
    Streams.Sink errors,
    boolean endsWithLeader,
    SessionEvents events,
    OptionalLong seed,
    Tape tape) {

  public SessionSpec {
    args = List.copyOf(args);
    env = List.copyOf(env);
    preopens = List.copyOf(preopens);
    input = input.clone();
  }

  /** {@return a session of a name, whose outputs go nowhere, to be changed by the other methods} */
  public static SessionSpec of(String name) {
    Streams.Sink nowhere = (data, from, length) -> {};
    return new SessionSpec(
        name,
        List.of(name),
        List.of(),
        List.of(),
        Priority.DEFAULT,
        Limits.DEFAULT,
        new byte[0],
        nowhere,
        nowhere,
        false,
        SessionEvents.NONE,
        OptionalLong.empty(),
        Tape.NONE);
  }

  @Override
  public byte[] input() {
    return input.clone();
  }

  public SessionSpec args(String... arguments) {
    return new SessionSpec(
        name,
        List.of(arguments),
        env,
        preopens,
        priority,
        limits,
        input,
        output,
        errors,
        endsWithLeader,
        events,
        seed,
        tape);
  }

  public SessionSpec env(List<String> variables) {
    return new SessionSpec(
        name,
        args,
        variables,
        preopens,
        priority,
        limits,
        input,
        output,
        errors,
        endsWithLeader,
        events,
        seed,
        tape);
  }

  public SessionSpec preopens(List<Preopen> directories) {
    return new SessionSpec(
        name,
        args,
        env,
        directories,
        priority,
        limits,
        input,
        output,
        errors,
        endsWithLeader,
        events,
        seed,
        tape);
  }

  public SessionSpec priority(Priority level) {
    return new SessionSpec(
        name,
        args,
        env,
        preopens,
        level,
        limits,
        input,
        output,
        errors,
        endsWithLeader,
        events,
        seed,
        tape);
  }

  public SessionSpec limits(Limits most) {
    return new SessionSpec(
        name,
        args,
        env,
        preopens,
        priority,
        most,
        input,
        output,
        errors,
        endsWithLeader,
        events,
        seed,
        tape);
  }

  public SessionSpec input(byte[] bytes) {
    return new SessionSpec(
        name,
        args,
        env,
        preopens,
        priority,
        limits,
        bytes,
        output,
        errors,
        endsWithLeader,
        events,
        seed,
        tape);
  }

  public SessionSpec output(Streams.Sink both) {
    return output(both, both);
  }

  public SessionSpec output(Streams.Sink out, Streams.Sink err) {
    return new SessionSpec(
        name,
        args,
        env,
        preopens,
        priority,
        limits,
        input,
        out,
        err,
        endsWithLeader,
        events,
        seed,
        tape);
  }

  public SessionSpec endsWithLeader(boolean kill) {
    return new SessionSpec(
        name, args, env, preopens, priority, limits, input, output, errors, kill, events, seed,
        tape);
  }

  public SessionSpec events(SessionEvents listener) {
    return new SessionSpec(
        name,
        args,
        env,
        preopens,
        priority,
        limits,
        input,
        output,
        errors,
        endsWithLeader,
        listener,
        seed,
        tape);
  }

  public SessionSpec seed(long number) {
    return new SessionSpec(
        name,
        args,
        env,
        preopens,
        priority,
        limits,
        input,
        output,
        errors,
        endsWithLeader,
        events,
        OptionalLong.of(number),
        tape);
  }

  public SessionSpec tape(Tape recorderOrPlayer) {
    return new SessionSpec(
        name,
        args,
        env,
        preopens,
        priority,
        limits,
        input,
        output,
        errors,
        endsWithLeader,
        events,
        seed,
        recorderOrPlayer);
  }
}
