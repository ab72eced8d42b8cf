"""UniPCMultistepScheduler with flow prediction, FlowMatchEulerDiscreteScheduler: entry `step`."""
import math

import numpy
import torch
from common import FIXTURES, Fixture, normal
from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler

FLOW = dict(prediction_type="flow_prediction", use_flow_sigmas=True)


def walk(scheduler, sample, model_output, arguments):
    """Takes every step with the given model outputs, each from the result of the one before."""
    arguments = dict(arguments)
    if isinstance(scheduler, UniPCMultistepScheduler) and "sigmas" in arguments:
        arguments["sigmas"] = numpy.array(arguments["sigmas"])  # it does arithmetic on what it is given
    scheduler.set_timesteps(**arguments)
    samples = []
    for timestep, output in zip(scheduler.timesteps, model_output, strict=True):
        sample = scheduler.step(output, timestep, sample, return_dict=False)[0]
        samples.append(sample)
    return {"timesteps": scheduler.timesteps, "sigmas": scheduler.sigmas, "samples": torch.stack(samples)}


def make(name, kind, config, cases, seed, shape=(2, 3, 2, 2), root=FIXTURES):
    """`cases`: name -> arguments of set_timesteps."""
    fixture = Fixture(name, root)
    kind(**config).save_pretrained(fixture.folder)
    for case, arguments in cases.items():
        seed += 2
        steps = len(arguments.get("sigmas", ())) or arguments["num_inference_steps"]
        inputs = {"sample": normal(shape, seed), "model_output": normal((steps, *shape), seed + 1)}
        scheduler = kind.from_pretrained(fixture.folder)
        fixture.case(case, "step", inputs, walk(scheduler, arguments=arguments, **inputs), arguments)


def main():
    unipc, euler = UniPCMultistepScheduler, FlowMatchEulerDiscreteScheduler
    steps = lambda *numbers: {f"steps-{n}": dict(num_inference_steps=n) for n in numbers}
    sigmas = lambda *values: dict(sigmas=list(values))
    make("unipc-shift-3", unipc, dict(FLOW, flow_shift=3.0), {
        **steps(1, 2, 4, 9),
        "explicit": sigmas(1.0, 0.75, 0.5, 0.25),
        "uneven": sigmas(0.93, 0.9, 0.4, 0.35, 0.02)}, seed=1000)
    make("unipc-shift-16", unipc, dict(FLOW, flow_shift=16.0), steps(3, 50), seed=1100, shape=(1, 2, 2))
    make("unipc-order-1", unipc, dict(FLOW, flow_shift=5.0, solver_order=1), steps(5), seed=1200)
    make("unipc-order-3", unipc, dict(FLOW, flow_shift=5.0, solver_order=3), steps(3, 8), seed=1300)
    make("unipc-late-order", unipc, dict(FLOW, flow_shift=5.0, lower_order_final=False,
                                         final_sigmas_type="sigma_min", disable_corrector=[0, 2]),
         {"sigmas": sigmas(1.0, 0.8, 0.5, 0.3, 0.2)} | steps(1), seed=1400)
    make("unipc-bh1", unipc, dict(FLOW, flow_shift=3.0, solver_type="bh1", final_sigmas_type="sigma_min"),
         steps(6), seed=1500)
    make("unipc-dynamic", unipc, dict(FLOW, use_dynamic_shifting=True, shift_terminal=0.02),
         {"mu": dict(num_inference_steps=5, mu=0.8)}, seed=1600)
    make("euler-shift-1", euler, {}, steps(1, 5), seed=2000)
    make("euler-shift-5", euler, dict(shift=5.0), {
        **steps(4, 9),
        "explicit": sigmas(1.0, 0.75, 0.5, 0.25),
        "causvid": sigmas(0.999, 0.934, 0.862, 0.756, 0.603, 0.41, 0.25, 0.14, 0.074)}, seed=2100)
    make("euler-dynamic", euler, dict(use_dynamic_shifting=True, base_shift=0.5, max_shift=0.9,
                                      max_image_seq_len=8192, shift_terminal=0.02), {
        "mu": dict(num_inference_steps=6, mu=0.7),
        "explicit": dict(sigmas(1.0, 0.75, 0.5, 0.25), mu=math.log(3))}, seed=2200)
    make("euler-linear", euler, dict(use_dynamic_shifting=True, time_shift_type="linear"),
         {"mu": dict(num_inference_steps=4, mu=2.5)}, seed=2300)
    make("euler-inverted", euler, dict(shift=3.0, invert_sigmas=True), steps(4), seed=2400)
    make("euler-karras", euler, dict(shift=3.0, use_karras_sigmas=True), steps(4), seed=2500)
    make("euler-exponential", euler, dict(shift=3.0, use_exponential_sigmas=True), steps(4), seed=2600)


if __name__ == "__main__":
    main()
