"""What a stage's record says of the machine: Slurm's job where there is one, nothing on a laptop."""

from koreason.records.whereabouts import job_of, whereabouts


def test_on_a_laptop_there_is_a_host_and_no_job():
    facts = whereabouts({"PATH": "/bin"})
    assert facts["host"] and facts["slurm"] == {} and facts["gpus"] == "" and job_of(facts) == ""


def test_in_a_job_it_is_named_with_its_nodes_and_cards():
    facts = whereabouts({"SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_PROCID": "0", "CUDA_VISIBLE_DEVICES": "0,1"})
    assert job_of(facts) == "7" and facts["gpus"] == "0,1"
    assert facts["slurm"] == {"SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "n[1-2]"}
