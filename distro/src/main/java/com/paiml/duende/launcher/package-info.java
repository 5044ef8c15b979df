/**
 * Starts the OSGi framework, installs the bundles of the distribution, and takes both down in order.
 *
 * <p>What bundles may rely on, read with {@code BundleContext.getProperty}:
 *
 * <ul>
 *   <li>{@code duende.home}, {@code duende.etc}, {@code duende.data}: absolute folders. The last is this container's alone.
 *   <li>{@code duende.mode}: {@code background} or {@code foreground} (a container that stays), or {@code run} (a container for
 *       one command line in the foreground: what is configured in {@code etc/daemons} is not its business).
 *   <li>{@code duende.arguments}: in mode {@code run}, the command line, its words separated by NUL, which no word can contain.
 * </ul>
 *
 * <p>Services of the launcher, there before the first bundle starts:
 *
 * <ul>
 *   <li>{@link java.util.function.IntConsumer} with {@code duende.service=exit}: stops the framework and gives the process that
 *       exit status. It returns at once.
 * </ul>
 *
 * <p>And those that it looks for:
 *
 * <ul>
 *   <li>once all bundles have started, every {@link java.util.function.Supplier} with {@code duende.service=recovery} is asked
 *       for a {@link java.util.concurrent.CompletionStage}; the container is called ready when all have completed, or after ten
 *       seconds;
 *   <li>for whoever supervises the container, every {@link java.util.function.BooleanSupplier} with {@code
 *       duende.service=alive} is asked whether it is;
 *   <li>before a bundle whose jar has changed is stopped, every {@link java.lang.Runnable} of its own with {@code
 *       duende.service=leave} is run: it ends what it is at, while the bundle still answers;
 *   <li>when INT or TERM arrives, every {@link java.lang.Runnable} with {@code duende.service=interrupt} is run before the
 *       framework is stopped, each with a deadline.
 * </ul>
 *
 * <p>A bundle says its place in the order with the manifest header {@code Duende-Start-Level} (1 to 99); one that says nothing
 * starts at 30 when it is ours, at 1 when it is from elsewhere. They stop in the opposite order: whoever supervises daemons
 * stops before what their code comes from.
 */
@NullMarked
package com.paiml.duende.launcher;

import org.jspecify.annotations.NullMarked;
